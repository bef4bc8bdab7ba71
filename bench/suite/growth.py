"""How cost grows with size: figures, and plots by gnuplot.

Three curves: connections (CPU time of the server for each line at a fixed rate, where a busy
server cannot hide cost by batching, and throughput in a closed loop), length of a mailbox, and
number of services. Sizes go up by ten. Each curve is written as a .tsv file and
an .svg plot.
"""
import shutil
import statistics
import subprocess

from competitors import start_load
from process import Failed, load_figures

CONNECTIONS = (1, 10, 100, 1000, 10000)
RATE = 20000  # lines a second: one connection alone still keeps up
PHASES = 3    # medians of so many; the kernel places the two programs anew each time
END_SECONDS = 300
FLAT = 1.3  # cost per message of the dearest size over that of the cheapest
CURVE = 3.0  # the same for services, which no longer fit in the caches


def growth_lines(text):
    """The "GROWTH size cost memory" lines of a text."""
    return [tuple(float(word) for word in line.split()[1:])
            for line in text.splitlines() if line.startswith("GROWTH ")]


def run_program(session, work):
    skein = session.competitor("skein")
    with skein.start(work, 1, session.seconds, service="growth") as program:
        points = growth_lines(program.wait_end(END_SECONDS))
        if not points:
            program.fail("printed no figure")
    return points


def run_connections(session, name):
    """Points (connections, CPU us a line at a fixed rate, lines a second, KiB a connection)."""
    points = []
    competitor = session.competitor(name)
    for count in CONNECTIONS:
        with competitor.start("echo", 2, session.seconds, service="echo",
                              bench_echo="one") as server:
            port = server.wait_port()
            before = server.resident_kib()
            costs, rates = [], []
            for _ in range(PHASES):
                with start_load(port, count, session.seconds, RATE, server.pid) as load:
                    costs.append(load_figures(load.wait_end(END_SECONDS))["cpu_us"])
                memory = (server.resident_kib() - before) / count
                with start_load(port, count, session.seconds) as load:
                    rates.append(load_figures(load.wait_end(END_SECONDS))["rate"])
        points.append((count, statistics.median(costs), statistics.median(rates), memory))
    return points


def spread(points):
    costs = [point[1] for point in points]
    return max(costs) / min(costs)


def write_points(path, header, points):
    with open(path, "w") as file:
        file.write("# " + "\t".join(header) + "\n")
        for point in points:
            file.write("\t".join(f"{value:g}" for value in point) + "\n")


def plot(path, title, x_label, y_label, curves):
    """Draws `curves`, (file, column, label) each, over a logarithmic size."""
    if not shutil.which("gnuplot"):
        return f"no plot {path}: gnuplot is not installed"
    script = [
        "set terminal svg size 720,420 background '#ffffff' font 'sans,12'",
        f"set output '{path}'", f"set title '{title}'", f"set xlabel '{x_label}'",
        f"set ylabel '{y_label}'", "set logscale x 10", "set format x '10^{%T}'", "set grid",
        "set yrange [0:*]", "set key bottom right",
        "plot " + ", ".join(f"'{file}' using 1:{column} with linespoints linewidth 2 "
                            f"pointtype 7 pointsize 0.6 title '{label}'"
                            for file, column, label in curves),
    ]
    done = subprocess.run(["gnuplot"], input="\n".join(script), text=True, capture_output=True)
    return f"no plot {path}: {done.stderr.strip()}" if done.returncode else f"plot: {path}"


def describe(name, points, unit, memory_unit, limit):
    lines = [f"{name}:"]
    for point in points:
        lines.append(f"  {point[0]:>9,.0f}  {point[1]:10.2f} {unit}  "
                     f"{point[-1]:10.3f} {memory_unit}")
    if limit:
        found = spread(points)
        verdict = "met" if found <= limit else "NOT MET"
        lines.append(f"  dearest over cheapest {found:.2f}, bar <= {limit}: {verdict}")
    return lines


def growth_connections(session, results):
    lines, curves = [], []
    for name in ("skein", "c"):
        try:
            points = run_connections(session, name)
        except Failed as error:
            lines.append(f"growth connections {name}: FAILED: {error}")
            continue
        path = f"{results}/connections_{name}.tsv"
        write_points(path, ("connections", "cpu_us_per_line", "lines_per_s",
                            "kib_per_connection"), points)
        curves.append((path, name))
        lines += describe(f"growth connections {name}", points, "us CPU a line",
                          "KiB a connection", FLAT if name == "skein" else None)
    if curves:
        lines.append(plot(f"{results}/connections_cost.svg", "CPU time of the server for a line",
                          "connections", "us", [(path, 2, name) for path, name in curves]))
        lines.append(plot(f"{results}/connections_rate.svg", "Echo in a closed loop",
                          "connections", "lines/s", [(path, 3, name) for path, name in curves]))
    return lines


def growth_program(session, results, work, thing, limit):
    try:
        points = run_program(session, work)
    except Failed as error:
        return [f"growth {work}: FAILED: {error}"]
    path = f"{results}/{work}.tsv"
    write_points(path, (work, "ns_per_message", f"kib_per_{thing}"), points)
    lines = describe(f"growth {work}", points, "ns a message", f"KiB a {thing}", limit)
    lines.append(plot(f"{results}/{work}_cost.svg", f"Cost of a message by {work}", work, "ns",
                      [(path, 2, "skein")]))
    lines.append(plot(f"{results}/{work}_memory.svg", f"Resident memory of a {thing}", work,
                      "KiB", [(path, 3, "skein")]))
    return lines


GROWTH = {
    "connections": growth_connections,
    "mailbox": lambda session, results: growth_program(session, results, "mailbox", "message",
                                                       FLAT),
    "services": lambda session, results: growth_program(session, results, "services", "service",
                                                        CURVE),
}
