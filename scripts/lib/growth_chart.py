"""The chart of scripts/growth: seconds and memory by users and by jobs, as SVG."""

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402  # only once the kind of output is set

# Read on white and on black: the page's colour shows through.
GREY = "#808080"
COLOURS = {"total": GREY, "write": "#d9730d", "score": "#2f81d6", "load": "#2f9e5b",
           "memory": "#a45bc9"}

STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "growth",  # the same data gives the same file
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": GREY,
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "axes.titlecolor": GREY,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
}


def line(axes, times, values, name):
    axes.plot(times, values, marker="o", markersize=3.5, color=COLOURS[name], label=name)


def column(pair, nights, times, what):
    """Seconds above, in powers on both axes so that linear growth is one slope; memory below."""
    seconds, memory = pair
    for phase in ("total", "write", "score", "load"):
        # A logarithm has no 0.
        line(seconds, times, [max(one["seconds"][phase], 0.001) for one in nights], phase)
    first = nights[0]["seconds"]["total"]
    seconds.plot(times, [first * n / times[0] for n in times], color=GREY, linewidth=0.8,
                 linestyle="--", label="total, were it linear")
    line(memory, times, [one["peak_rss_bytes"] / 1e6 for one in nights], "memory")
    memory.set_xlabel(f"times the {what}")
    seconds.set_title(f"Growth with {what}", loc="left")
    for axes in pair:
        axes.set_xscale("log")
        axes.set_xticks(times, [f"× {n}" for n in times])
        axes.minorticks_off()
        axes.grid(axis="y", color=GREY, alpha=0.25, linewidth=0.5)
    seconds.set_yscale("log")
    seconds.yaxis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))


def draw(nights, path):
    """Draws median nights by (times the jobs, times the users)."""
    users = {u: night for (j, u), night in nights.items() if j == 1}
    jobs = {j: night for (j, u), night in nights.items() if u == 1}
    columns = [(by, what) for by, what in ((users, "users"), (jobs, "jobs")) if by]
    with matplotlib.rc_context(STYLE):
        figure, axes = pyplot.subplots(
            2, len(columns), figsize=(7.6, 4.8), sharex="col", sharey="row", squeeze=False,
            height_ratios=[3, 1], layout="constrained",
        )
        for at, (by, what) in enumerate(columns):
            times = sorted(by)
            column(axes[:, at], [by[n] for n in times], times, what)
        axes[0][0].set_ylabel("seconds")
        axes[1][0].set_ylabel("peak MB")
        axes[1][0].set_ylim(0, 1.2 * max(one["peak_rss_bytes"] / 1e6 for one in nights.values()))
        # Names at the ends of lines would overlap: most of a night is one phase.
        figure.legend(handles=axes[0][0].get_lines(), loc="outside upper center", frameon=False,
                      ncols=5)
        figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
    # The library ends lines with blanks.
    path.write_text("".join(f"{text.rstrip()}\n" for text in path.read_text().splitlines()))
