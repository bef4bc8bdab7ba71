"""The rows of the table: what is measured, against whom, and the bar that is to be met.

A row runs each of its sides once a round. A side is a function (session) -> value. The column
of a side is the competitor's name; "skein" is ours.
"""
from dataclasses import dataclass, field

from competitors import start_load
from process import figures, load_figures

END_SECONDS = 60  # a program that takes longer has failed


@dataclass
class Bar:
    """Skein's figure against a peer's (`peer`), against Skein's of another row (`row`), or, with
    neither, alone. `reach` must be met, `aim` is what we hope for."""
    reach: float
    aim: float = None
    peer: str = None
    row: str = None


@dataclass
class Row:
    name: str
    title: str
    unit: str
    sides: dict
    bars: list = field(default_factory=list)
    lower_is_better: bool = False


# ---- sides ----

def program(name, work, threads, key=None, **options):
    """A side that is one program which prints its figure."""
    def run(session):
        competitor = session.competitor(name)
        with competitor.start(work, threads, session.seconds, **options) as running:
            found = figures(running.wait_end(END_SECONDS))
            if (key or work) not in found:
                running.fail("printed no figure")
            session.remember(name, found)
            return found[key or work]
    return run


def programs(work, threads, names):
    return {name: program(name, work, threads) for name in names}


def same_run(name, key):
    """A figure that an earlier row's program of this round printed too."""
    def run(session):
        return session.printed(name, key)
    return run


def native_call(session):
    """The native service "ping" stands in for the bootstrap, so no Lua runs at all."""
    milliseconds = round(session.seconds * 1000)
    return program("skein", "native_call", 1, needs_native=True,
                   bootstrap=f"ping {milliseconds}")(session)


def half_rate(session, connections):
    """Half of what the bare C loop does in this round: the same lines a second for everyone."""
    key = f"rate of {connections}"
    if not session.has_printed("c", key):
        echo("c", connections)(session)
    return session.printed("c", key) / 2


def echo(name, connections, threads=2, figure="rate", half_load=False, scale=1.0, **options):
    """A side that is a TCP echo server under the load generator."""
    def run(session):
        competitor = session.competitor(name)
        rate = half_rate(session, connections) if half_load else None
        with competitor.start("echo", threads, session.seconds, service="echo",
                              **options) as server:
            seconds = session.seconds * (3 if half_load else 1)
            with start_load(server.wait_port(), connections, seconds, rate) as load:
                found = load_figures(load.wait_end(END_SECONDS))
            if not half_load:
                session.remember(name, {f"rate of {connections}": found["rate"]})
            return found[figure] * scale
    return run


def echo_sides(connections, mode, names=("c", "erlang", "go"), **options):
    sides = {"skein": echo("skein", connections, bench_echo=mode, **options)}
    for name in names:
        sides[name] = echo(name, connections, **options)
    return sides


ALL = ("skein", "erlang", "go", "tarantool")
TWO = ("skein", "erlang", "go")
MS = 1 / 1000

ROWS = [
    Row("call_int", "call and answer, one integer, 1 worker", "calls/s",
        programs("call_int", 1, ALL),
        [Bar(1.5, peer="erlang"), Bar(1.2, peer="tarantool"), Bar(0.9, 1.3, peer="go")]),
    Row("call_int_2w", "the same, 2 workers", "calls/s", programs("call_int", 2, TWO),
        [Bar(0.85, row="call_int")]),
    Row("call_table", "call and answer, a table, 1 worker", "calls/s",
        programs("call_table", 1, ALL), [Bar(0.4, 0.7, peer="erlang")]),
    Row("send_drain", "one-way sends drained, 1 worker", "sends/s",
        programs("send_drain", 1, ALL), [Bar(0.8, 1.0, peer="erlang")]),
    Row("send_drain_2w", "the same, 2 workers", "sends/s", programs("send_drain", 2, TWO),
        [Bar(0.8, 1.0, peer="erlang")]),
    Row("pairs512_1w", "512 pairs calling, 1 worker", "calls/s", programs("pairs512", 1, ALL)),
    Row("pairs512", "512 pairs calling, 2 workers", "calls/s", programs("pairs512", 2, TWO),
        [Bar(1.5, peer="erlang"), Bar(1.5, row="pairs512_1w"), Bar(0, 1.0, peer="go")]),
    Row("yield", "yield, 1 worker", "yields/s", programs("yield", 1, ALL),
        [Bar(1.3, 2.0, peer="tarantool")]),
    Row("timers", "200,000 timeouts: CPU time, 1 worker", "s", programs("timers", 1, TWO),
        [Bar(0.2)], lower_is_better=True),
    Row("start_time", "start a service: time", "us",
        {"skein": program("skein", "start", 1, "start_time")}, [Bar(60, 40)],
        lower_is_better=True),
    Row("start_memory", "start a service: resident memory", "KiB",
        {"skein": same_run("skein", "start_memory")}, [Bar(28, 20)], lower_is_better=True),
    Row("echo50", "TCP echo, 50 connections, a service each, 2 workers", "lines/s",
        echo_sides(50, "agents"), [Bar(0.85, 0.95, peer="c")]),
    Row("echo1000", "TCP echo, 1,000 connections in one service", "lines/s",
        echo_sides(1000, "one"), [Bar(0.7, peer="c")]),
    Row("echo_p99", "TCP echo, 50 connections at half load: p99", "ms",
        echo_sides(50, "agents", figure="p99_us", half_load=True, scale=MS),
        [Bar(2.0, peer="c")], lower_is_better=True),
    Row("echo_held", "the same while a worker is held 500 ms: p99", "ms",
        {"skein": echo("skein", 50, figure="p99_us", half_load=True, scale=MS,
                       bench_echo="agents", bench_hold="true", needs_native=True)},
        [Bar(15)], lower_is_better=True),
    Row("native_call", "native C service calls native C service, 1 worker", "calls/s",
        {"skein": native_call, "go": program("go", "call_int", 1)}, [Bar(1.2, peer="go")]),
    Row("gc_pause", "collector: worst pause, 1 worker", "ms",
        {"skein": program("skein", "gc_pause", 1)}, [Bar(10, 2)], lower_is_better=True),
]
