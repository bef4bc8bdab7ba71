"""Who takes part: how each competitor is built and how its programs are started.

A competitor has start(work, threads, ...) which gives a Program. What it needs but is not there
is said by missing(), so that the table can say "missing" and never shows a made-up figure.
"""
import os
import shutil
import subprocess

from process import Failed, Program

BUILD = "build/bench"
PACKAGES = {  # command: Debian package
    "erl": "erlang-base", "erlc": "erlang-base", "go": "golang-go", "tarantool": "tarantool",
    "gnuplot": "gnuplot-nox", "cc": "gcc",
}
C_FLAGS = ["-std=c17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra"]
NATIVE = ("ping", "pong", "hold")


def install_missing():
    """Installs the packages whose commands are not there; says which. Failure is no error."""
    packages = sorted({PACKAGES[name] for name in PACKAGES if not shutil.which(name)})
    if not packages:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends"] + packages
    if os.geteuid() != 0:
        command.insert(0, "sudo")
    print("installing missing packages:", " ".join(command), flush=True)
    try:
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
            print("that failed; what needs them is reported as missing", flush=True)
    except OSError as error:
        print(f"that failed: {error}", flush=True)


class Competitor:
    """Common part; `problem` says why it cannot take part, None when it can."""
    name = ""
    commands = ()

    def __init__(self):
        self.problem = None

    def prepare(self):
        """Builds what is to be built; sets `problem` if that does not work."""
        absent = [command for command in self.commands if not shutil.which(command)]
        if absent:
            self.problem = f"{absent[0]} is not installed"
            return
        try:
            self.build()
        except subprocess.CalledProcessError as error:
            self.problem = "does not build: " + (error.stderr.strip().splitlines() or [""])[0]

    def build(self):
        pass

    def start(self, work, threads, seconds, **options):
        raise NotImplementedError


def run_tool(command, **options):
    subprocess.run(command, check=True, capture_output=True, text=True, **options)


def compile_c(source, output, *flags):
    run_tool(["cc", *C_FLAGS, *flags, "-o", f"{BUILD}/{output}", source])


class Erlang(Competitor):
    name = "erlang"
    commands = ("erl", "erlc")

    def build(self):
        run_tool(["erlc", "-o", BUILD, "bench/peers/erlang/bench.erl"])

    def start(self, work, threads, seconds, **_):
        return Program(["erl", "+S", f"{threads}:{threads}", "-noshell", "-noinput", "-pa", BUILD,
                        "-run", "bench", "main", work, f"{seconds:.3f}"])


class Go(Competitor):
    name = "go"
    commands = ("go",)

    def build(self):
        cache = os.path.abspath(f"{BUILD}/go-cache")
        run_tool(["go", "build", "-o", os.path.abspath(f"{BUILD}/peer_go"), "."],
                 cwd="bench/peers/go", env={**os.environ, "GOCACHE": cache, "GOFLAGS": ""})

    def start(self, work, threads, seconds, **_):
        return Program([f"{BUILD}/peer_go", work, str(seconds)], {"GOMAXPROCS": str(threads)})


class Tarantool(Competitor):
    name = "tarantool"
    commands = ("tarantool",)

    def start(self, work, threads, seconds, **_):
        return Program(["tarantool", "bench/peers/tarantool/bench.lua", work, str(seconds)])


class BareC(Competitor):
    name = "c"
    commands = ("cc",)

    def build(self):
        compile_c("bench/peers/c/echo.c", "echo")

    def start(self, work, threads, seconds, **_):
        return Program([f"{BUILD}/echo"])


class Skein(Competitor):
    name = "skein"
    commands = ("cc",)

    def __init__(self):
        super().__init__()
        self.native_problem = None

    def build(self):
        if not os.access("build/skein", os.X_OK):
            self.problem = "build/skein is not there"
        try:
            for name in NATIVE:
                compile_c(f"bench/skein/native/{name}.c", f"{name}.so", "-shared", "-fPIC",
                          "-Iinclude")
        except subprocess.CalledProcessError as error:
            self.native_problem = error.stderr.strip().splitlines()[0]

    def start(self, work, threads, seconds, service="bench", needs_native=False, **config):
        if needs_native and self.native_problem:
            raise Failed("native services do not build: " + self.native_problem)
        log = f"{BUILD}/skein.log"
        if os.path.exists(log):
            os.remove(log)
        keys = {
            "thread": threads, "harbor": 0, "logger": log, "start": service,
            "bootstrap": "snlua bootstrap", "luaservice": "bench/skein/?.lua",
            "lua_path": "bench/skein/lib/?.lua", "cpath": f"{BUILD}/?.so",
            "bench_work": work, "bench_seconds": seconds, **config,
        }
        path = f"{BUILD}/skein.config"
        with open(path, "w") as file:
            for key, value in keys.items():
                file.write(f"{key} = {value}\n" if isinstance(value, (int, float))
                           else f'{key} = "{value}"\n')
        return Program(["build/skein", path], log_path=log)


def build_load():
    """Builds the load generator; returns why that does not work, or None."""
    try:
        compile_c("bench/load/load.c", "load")
    except (subprocess.CalledProcessError, OSError) as error:
        return str(error)
    return None


def start_load(port, connections, seconds, rate=None, pid=None):
    command = [f"{BUILD}/load", "--port", str(port), "--connections", str(connections),
               "--seconds", str(seconds), "--warm", str(0.3 * seconds)]
    if rate:
        command += ["--rate", str(int(rate))]
    if pid:
        command += ["--pid", str(pid)]
    return Program(command)
