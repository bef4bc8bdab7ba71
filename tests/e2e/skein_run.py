"""skein_run.py -- starts the executable for an end-to-end test and watches its log.

A test gets the executable in SKEIN and a folder of its own in TMPDIR. Nothing here sleeps to wait:
it waits for a log line, a byte or the end of the process, each at most LIMIT_S.
"""
import atexit
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

LIMIT_S = 20 * float(os.environ.get("TEST_SLOWNESS", "1"))
SKEIN = os.environ.get("SKEIN", "build/skein")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def fail(text):
    print("FAILED: " + text)
    sys.exit(1)


def check(condition, text):
    if not condition:
        fail(text)


class Node:
    """A running process and the lines it has written."""

    def __init__(self, *args, stdin=None):
        self.lines = []
        self.incoming = queue.Queue()
        self.process = subprocess.Popen([SKEIN, *args], stdin=stdin, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace",
                                        cwd=ROOT)
        atexit.register(self.process.kill)  # a test that failed; else it has ended already
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.incoming.put(line.rstrip("\n"))
        self.incoming.put(None)

    def wait_for(self, text):
        """The first line, from now on, that has the text in it."""
        while True:
            try:
                line = self.incoming.get(timeout=LIMIT_S)
            except queue.Empty:
                line = None
            if line is None:
                fail("no line with %r in\n%s" % (text, "\n".join(self.lines)))
            self.lines.append(line)
            if text in line:
                return line

    def drain(self):
        """After the end: all lines."""
        while True:
            try:
                line = self.incoming.get(timeout=LIMIT_S)
            except queue.Empty:
                line = None
            if line is None:
                return self.lines
            self.lines.append(line)

    def stop(self, number=signal.SIGINT):
        """Sends the signal; the exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self):
        try:
            return self.process.wait(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            fail("the process did not end\n" + "\n".join(self.lines))


def run(*args):
    """Runs to the end: status, stdout, stderr."""
    done = subprocess.run([SKEIN, *args], capture_output=True, text=True, timeout=LIMIT_S, cwd=ROOT,
                          stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout, done.stderr


def write(name, text):
    path = os.path.join(tempfile.gettempdir(), name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


class Client:
    """A TCP client that reads lines."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=LIMIT_S)
        self.file = self.socket.makefile("r", encoding="utf-8", newline="\n")

    def send(self, text):
        self.socket.sendall(text.encode())

    def line(self):
        """The next line; empty at the end of the connection."""
        try:
            return self.file.readline().rstrip("\n")
        except TimeoutError:
            fail("client waits in vain for a line")

    def expect(self, text):
        got = self.line()
        check(got == text, "client got %r, not %r" % (got, text))

    def close(self):
        self.file.close()
        self.socket.close()

    def reset(self):
        """Closes with a reset in place of an end of file."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()
