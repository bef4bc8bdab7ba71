"""Starts the programs of the benchmark, reads what they print, and ends them.

Every program runs in a process group of its own, ends at a deadline, and is gone when the
runner leaves, whatever the reason. A program that gives no figure raises Failed with the reason.
"""
import os
import select
import signal
import subprocess
import tempfile
import time

TAIL_BYTES = 2000


class Shield:
    """Holds back SIGINT and SIGTERM while a program is being started or ended; without it they
    end the runner by SystemExit, at once."""

    def __init__(self):
        self.depth = 0
        self.pending = None

    def install(self):
        # Also when the runner was started in the background, where SIGINT is ignored.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.on_signal)

    def on_signal(self, number, _frame):
        if self.depth:
            self.pending = number
        else:
            raise SystemExit(128 + number)

    def __enter__(self):
        self.depth += 1

    def __exit__(self, *_):
        self.depth -= 1
        if self.depth == 0 and self.pending:
            number, self.pending = self.pending, None
            raise SystemExit(128 + number)


shield = Shield()
running = []  # every program that was started and has not ended


def end_all():
    """Ends what is still running; the last thing that the runner does."""
    with shield:
        for program in list(running):
            program.end()


class Failed(Exception):
    """A program gave no figure; the text says why."""


class Program:
    """A running program; use it in a with statement, which ends it."""

    def __init__(self, command, environment=None, log_path=None):
        self.name = os.path.basename(command[0])
        self.log_path = log_path
        self.text = ""
        self.errors = tempfile.TemporaryFile()
        try:
            with shield:
                self.process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=self.errors, env={**os.environ, **(environment or {})},
                    start_new_session=True)
                self.pid = self.process.pid
                running.append(self)
        except OSError as error:
            raise Failed(f"{self.name}: {error.strerror}") from error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with shield:
            self.end()

    def end(self):
        """Ends the program and whatever it has started in its process group."""
        if self not in running:
            return
        self.signal_group(signal.SIGTERM)
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            pass
        self.signal_group(signal.SIGKILL)
        self.process.wait()
        running.remove(self)
        self.process.stdout.close()
        self.errors.close()

    def signal_group(self, number):
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def fail(self, what):
        """Raises Failed with the last line that the program or its log has to say."""
        self.errors.seek(0)
        said = self.errors.read()[-TAIL_BYTES:].decode(errors="replace")
        if self.log_path and os.path.exists(self.log_path):
            with open(self.log_path, errors="replace") as log:
                said = log.read()[-TAIL_BYTES:] + said
        lines = [line.strip() for line in (said or self.text).splitlines()
                 if line.strip() and ": in " not in line]  # the end of a Lua stack says little
        last = f": {lines[-1][:200]}" if lines else ""
        raise Failed(f"{self.name} {what}{last}")

    def read(self, deadline):
        """Reads a piece of standard output; False at its end."""
        wait = max(0, deadline - time.monotonic())
        if not select.select([self.process.stdout], [], [], wait)[0]:
            self.fail("did not finish in time")
        piece = os.read(self.process.stdout.fileno(), 65536).decode(errors="replace")
        self.text += piece
        return bool(piece)

    def wait_end(self, seconds):
        """Waits for the end of the program and returns what it printed."""
        deadline = time.monotonic() + seconds
        while self.read(deadline):
            pass
        try:
            status = self.process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.fail("did not end in time")
        if status != 0:
            self.fail(f"ended with status {status}")
        return self.text

    def wait_port(self, seconds=15):
        """Waits for the line "PORT n" of a server and returns n."""
        deadline = time.monotonic() + seconds
        while True:
            for line in self.text.splitlines(keepends=True):
                if line.startswith("PORT ") and line.endswith("\n"):
                    return int(line.split()[1])
            if not self.read(deadline):
                self.fail("ended before it listened")

    def resident_kib(self):
        with open(f"/proc/{self.pid}/status") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0


def figures(text):
    """The "BENCH work value unit" lines of a text, as a table from work to value."""
    result = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 4 and words[0] == "BENCH":
            result[words[1]] = float(words[2])
    return result


def load_figures(text):
    """The "LOAD key=value ..." line of the load generator, as a table."""
    for line in text.splitlines():
        if line.startswith("LOAD "):
            return {key: float(value) for key, value in
                    (word.split("=") for word in line.split()[1:])}
    raise Failed("load printed no figure")
