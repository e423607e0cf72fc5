"""Shows what was measured: as text, as a Markdown table, as a picture."""

from __future__ import annotations

from programs.measure import DISTURBED

COLORS = {True: "#2e8b57", False: "#c0392b", None: "#999999"}


def duration(seconds):
    """Three digits and a unit."""
    for unit, scale in (("ns", 1e9), ("µs", 1e6), ("ms", 1e3)):
        if seconds * scale < 1000:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds:.3g} s"


def judged(program, times, others=0):
    """A row: times, cores used by others, the share of PyTorch's time taken and allowed, whether the bar holds.

    Nothing is judged without PyTorch, and nothing that was disturbed.
    """
    theirs = [times[name] for name in ("torch", "onednn") if name in times]
    ratio = times["gradus"] / min(theirs) if theirs else None
    row = {"name": program.name, "title": program.title, "seconds": times, "ratio": ratio, "allowed": program.allowed}
    disturbed = others >= DISTURBED
    return row | {"others": others, "holds": None if ratio is None or disturbed else ratio <= program.allowed}


def verdict(row):
    if row["holds"] is None:
        return "-" if row["ratio"] is None else "disturbed"
    return "yes" if row["holds"] else "NO"


def cells(row, names):
    """The cells of a row: name, times, ratio to each peer, bar, verdict."""
    taken = row["seconds"]
    times = [duration(taken[name]) if name in taken else "-" for name in names]
    ratios = [f"{taken['gradus'] / taken[name]:.3g}" if name in taken else "-" for name in names[1:]]
    return [row["title"], *times, *ratios, f"{row['allowed']:.3g}", verdict(row)]


def headings(names):
    return ["", *names, *(f"/ {name}" for name in names[1:]), "bar", "holds"]


def line(row, names):
    first, *rest = headings(names) if row is None else cells(row, names)
    return f"{first:74.74}" + "".join(f"{cell:>10}" for cell in rest)


def markdown(rows, names, machine):
    """The table, with a sentence on the machine; the bar is the share of PyTorch's time that is allowed."""
    table = [headings(names), ["---", *["---:"] * (len(headings(names)) - 1)], *(cells(row, names) for row in rows)]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in table]
    return "\n".join([machine + ".", "", *lines, ""])


def picture(rows, path, machine):
    """Bars of Gradus' time over PyTorch's, with a mark where each may end; needs matplotlib."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    rows = [row for row in rows if row["ratio"] is not None][::-1]
    figure, axes = pyplot.subplots(figsize=(10, 1.2 + 0.3 * len(rows)), layout="constrained")
    places = range(len(rows))
    axes.barh(places, [row["ratio"] for row in rows], color=[COLORS[row["holds"]] for row in rows], height=0.6)
    axes.plot([row["allowed"] for row in rows], places, "k|", markersize=12, markeredgewidth=2, label="bar")
    axes.axvline(1, color="gray", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(places, [row["title"].replace("$", "\\$") for row in rows])
    axes.set_xlabel("time of Gradus over time of PyTorch eager (less is faster)")
    axes.set_title(machine, fontsize=9)
    axes.legend(loc="lower right")
    figure.savefig(path)
    pyplot.close(figure)
