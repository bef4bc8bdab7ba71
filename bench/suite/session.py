"""One run of the benchmark: the rounds, the figures of each row and side, and what failed."""
import statistics
import sys
import time

from process import Failed

LOOK_SECONDS = 0.5


def busy_percent():
    """How busy all cores are while the benchmark itself does nothing."""
    def ticks():
        with open("/proc/stat") as file:
            words = [int(word) for word in file.readline().split()[1:]]
        return sum(words[:8]), words[3] + words[4]
    total, idle = ticks()
    time.sleep(LOOK_SECONDS)  # a time to measure over, not a wait for something
    total_after, idle_after = ticks()
    return 100 * (1 - (idle_after - idle) / max(1, total_after - total))


class Session:
    def __init__(self, competitors, seconds):
        self.competitors = competitors
        self.seconds = seconds
        self.values = {}    # (row, side): the figures, one a round
        self.failures = {}  # (row, side): the reasons
        self.busy = []      # percent of all cores used by others, before each round
        self._printed = {}  # of this round: (competitor, key): figure

    def competitor(self, name):
        found = self.competitors[name]
        if found.problem:
            raise Failed(found.problem)
        return found

    def remember(self, name, found):
        self._printed.update({(name, key): value for key, value in found.items()})

    def has_printed(self, name, key):
        return (name, key) in self._printed

    def printed(self, name, key):
        if (name, key) not in self._printed:
            raise Failed(f"{name} has not given \"{key}\" in this round")
        return self._printed[name, key]

    def run_round(self, rows):
        self._printed = {}
        self.busy.append(busy_percent())
        for row in rows:
            for name, side in row.sides.items():
                self._run_side(row, name, side)

    def _run_side(self, row, name, side):
        key = (row.name, name)
        try:
            value = side(self)
        except Failed as error:
            self.failures.setdefault(key, []).append(str(error))
            print(f"  {row.name:14} {name:10} FAILED: {error}", file=sys.stderr, flush=True)
            return
        self.values.setdefault(key, []).append(value)
        print(f"  {row.name:14} {name:10} {value:14,.3f} {row.unit}", file=sys.stderr, flush=True)

    def busy_line(self):
        """Says how far the figures can be trusted."""
        found = " ".join(f"{percent:.0f}" for percent in self.busy)
        advice = "; NOT A QUIET MACHINE" if max(self.busy, default=0) > 5 else ""
        return f"other programs used, in percent of all cores, before each round: {found}{advice}"

    def median(self, row_name, side):
        """The median over the rounds; None unless every round gave a figure."""
        if (row_name, side) in self.failures:
            return None
        values = self.values.get((row_name, side))
        return statistics.median(values) if values else None
