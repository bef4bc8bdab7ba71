"""The table: medians, ratios, and for each bar whether it is met."""

PEERS = ("erlang", "go", "tarantool", "c")
NO_SIDE = "-"
FAILED = "failed"


def short(value):
    """A figure in at most six characters."""
    for limit, suffix in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{suffix}" if value < 100 * limit \
                else f"{value / limit:.0f}{suffix}"
    return f"{value:.3g}"


def cell(session, row, side):
    if side not in row.sides:
        return NO_SIDE
    value = session.median(row.name, side)
    if value is None:
        problem = session.competitors[side].problem
        return "missing" if problem else FAILED
    if side == "skein":
        return short(value)
    ours = session.median(row.name, "skein")
    return f"{short(value)} ({ours / value:.2f})" if ours is not None else short(value)


def compare(session, row, bar):
    """What the bar looks at: Skein's figure over the other's, or Skein's alone."""
    ours = session.median(row.name, "skein")
    if bar.peer:
        other = session.median(row.name, bar.peer)
    elif bar.row:
        other = session.median(bar.row, "skein")
    else:
        other = 1
    return None if ours is None or not other else ours / other


def bar_text(session, row, bar):
    sign = "<=" if row.lower_is_better else ">="
    what = f" {bar.peer or bar.row}" if bar.peer or bar.row else f" {row.unit}"
    wanted = f"aim {sign} {bar.aim}{what}" if not bar.reach else f"{sign} {bar.reach}{what}"
    found = compare(session, row, bar)
    if found is None:
        return f"{wanted}: not measured"

    def holds(limit):
        return found <= limit if row.lower_is_better else found >= limit
    if not holds(bar.reach):
        verdict = "NOT MET"
    elif bar.aim is not None and holds(bar.aim):
        verdict = "met, aim met"
    else:
        verdict = "met" if bar.reach else "not yet"
    return f"{wanted}: {found:.2f} {verdict}"


def table(session, rows):
    """The lines of the table. A peer's cell is "figure (our figure over it)"."""
    head = ["work", "unit", "skein", *PEERS, "bar"]
    lines = [head]
    for row in rows:
        cells = [cell(session, row, side) for side in ("skein", *PEERS)]
        bars = [bar_text(session, row, bar) for bar in row.bars] or [NO_SIDE]
        lines.append([row.name, row.unit, *cells, bars[0]])
        lines += [[""] * (len(head) - 1) + [text] for text in bars[1:]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    lines.insert(1, ["-" * width for width in widths])
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip()
            for line in lines]


def failures(session):
    """One line for each competitor that takes no part and for each side that failed."""
    absent = [f"{name} takes no part: {one.problem}"
              for name, one in session.competitors.items() if one.problem]
    return absent + [f"{row} {side}: failed {len(reasons)} times: {reasons[-1]}"
                     for (row, side), reasons in session.failures.items()
                     if not session.competitors[side].problem]


def raw(session):
    """All figures, round by round."""
    return [f"{row} {side}: " + " ".join(f"{value:.6g}" for value in values)
            for (row, side), values in session.values.items()]
