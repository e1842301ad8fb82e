"""Measures how a night grows: the inner part of scripts/growth, which says what it does."""

import argparse
import hashlib
import json
import os
import platform
import resource
import shutil
import statistics
import sys
import time
from pathlib import Path

from floor import Server, Storage, Talvix, say

PAID_SHARE = 0.2

# About what a job and a user take: rows, indexes, a resume's block on disk, and what is kept.
JOB_BYTES = 3_000
USER_BYTES = 10_000
# What the server's log of changes grows to, at most; it is no more than what is written.
WAL_BYTES = 5_000_000_000

BEGIN = "<!-- growth -->"
END = "<!-- /growth -->"


# --- measuring ---


def ticks(pid, ended_children):
    """Processor time of a process, in ticks: its own, or that of its children that have ended."""
    # After the name, which may hold blanks: utime, stime, cutime and cstime.
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[13:15] if ended_children else fields[11:13]))


def server_seconds(data):
    """Processor seconds of a server up to now, all its processes together; None without /proc."""
    main = int((data / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{main}/task/{main}/children")
    if not children.exists():
        return None
    while True:
        living, ended = children.read_text(), ticks(main, True)
        try:
            found = ended + ticks(main, False) + sum(ticks(pid, False) for pid in living.split())
        except FileNotFoundError:
            continue  # one ended
        # One that ended in between would count twice, or not at all.
        if living == children.read_text() and ended == ticks(main, True):
            return found / os.sysconf("SC_CLK_TCK")


def talvix_seconds():
    """User and system seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"user": used.ru_utime, "system": used.ru_stime}


def conditions(options):
    """What must be the same for nights that stand in one table."""
    with options.talvix.open("rb") as program:
        talvix = hashlib.file_digest(program, "sha256").hexdigest()
    cpu = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "base_jobs": options.base_jobs,
        "base_users": options.base_users,
        "talvix_sha256": talvix,
        "cpu": cpu,
        "cores": os.cpu_count(),
    }


def require_room(folder, jobs, users):
    data = jobs * JOB_BYTES + users * USER_BYTES
    needed = data + min(data, WAL_BYTES)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SystemExit(
            f"scripts/growth: {jobs:,} jobs and {users:,} users need about {needed / 1e9:.0f} GB in "
            f"{folder}, which has {free / 1e9:.0f}: make room, or name smaller sizes"
        )


def measure(options, server, talvix, size):
    """One night of this size, generated before and deleted after."""
    times_jobs, times_users = map(int, size.split("x"))
    jobs, users = options.base_jobs * times_jobs, options.base_users * times_users
    require_room(options.work, jobs, users)

    say(f"== {size}: generating {jobs:,} jobs and {users:,} users")
    folder = options.work / "night"
    url = server.database_url("night")
    server.drop("night")
    server.psql("postgres", "create database night")
    talvix.run("schema", "apply", "--database-url", url)
    talvix.run("fixtures", folder, "--database-url", url, "--jobs", jobs, "--users", users,
               "--paid-share", PAID_SHARE, "--dirt", "none")
    server.psql("night", "vacuum analyze", "checkpoint")

    say(f"== {size}: the night")
    load = os.getloadavg()[0]
    of_server, of_talvix = server_seconds(options.server_data), talvix_seconds()
    report = talvix.night("night", Storage(folder / "storage"))
    of_talvix = {kind: used - of_talvix[kind] for kind, used in talvix_seconds().items()}
    if of_server is not None:
        of_server = server_seconds(options.server_data) - of_server

    server.drop("night")
    server.psql("postgres", "checkpoint")  # lets the server reuse its log
    shutil.rmtree(folder)
    kept = ("jobs", "users", "pairs", "rows", "seconds", "peak_rss_bytes", "wall")
    return {
        "size": size,
        "measured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "load_before": load,
        "cpu_seconds": {"talvix": of_talvix, "server": of_server},
        **{key: report[key] for key in kept},
    }


# --- results ---


def read_results(path):
    if not path or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def require_same(path, results):
    """Nights of different programs, machines or bases are no table."""
    for name in results[0]["conditions"] if results else ():
        found = {str(one["conditions"][name]) for one in results}
        if len(found) > 1:
            raise SystemExit(
                f"scripts/growth: the nights in {path} differ in {name} ({', '.join(sorted(found))}),"
                " so their times cannot be compared: name another file"
            )


def median_of(nights):
    """One night that has the median of each number."""
    first = nights[0]
    if isinstance(first, dict):
        return {key: median_of([one[key] for one in nights if key in one]) for key in first}
    if isinstance(first, int | float):
        return statistics.median(nights)
    return first


def by_size(results):
    """Median nights by (times the jobs, times the users), the jobs' row first."""
    found = {}
    for one in results:
        jobs, users = map(int, one["size"].split("x"))
        found.setdefault((users, jobs), []).append(one)
    return {(jobs, users): median_of(found[users, jobs]) for users, jobs in sorted(found)}


# --- the table ---


def table(nights):
    """A row of Markdown for each size."""
    head = ["jobs × users", "jobs", "users", "pairs, M", "scored exactly, M", "rows kept, k",
            "load", "pin", "score", "write", "total", "of 1x1", "CPU talvix", "CPU server",
            "peak MB"]
    yield "| " + " | ".join(head) + " |"
    yield "|---|" + "--:|" * (len(head) - 1)
    base = nights.get((1, 1))
    for (jobs, users), night in nights.items():
        seconds, cpu = night["seconds"], night["cpu_seconds"]
        cells = [
            f"{jobs} × {users}",
            f"{night['jobs']['scoreable']:,.0f}",
            f"{night['users']['scored']:,.0f}",
            f"{night['pairs']['prefiltered'] / 1e6:,.1f}",
            f"{night['pairs']['scored'] / 1e6:,.2f}",
            f"{night['rows']['kept'] / 1e3:,.0f}",
            *(f"{seconds[phase]:.2f}" for phase in ("load", "pin", "score", "write", "total")),
            f"{seconds['total'] / base['seconds']['total']:.2f}" if base else "–",
            f"{sum(cpu['talvix'].values()):.2f}",
            "–" if cpu["server"] is None else f"{cpu['server']:.2f}",
            f"{night['peak_rss_bytes'] / 1e6:,.0f}",
        ]
        yield "| " + " | ".join(cells) + " |"


# --- the calculation ---

FAR_JOBS, FAR_USERS = 1_000_000, 10_000_000
# What it is made from: docs/performance.md has the formulas.
CORNERS = [(1, 1), (4, 1), (1, 10)]


def by_formula(at_corners, jobs, users):
    """What grows as `i·jobs + (a + b·jobs)·users`, at so many times the jobs and users."""
    one, more_jobs, more_users = at_corners
    # Below 0 is noise.
    by_users = max((more_users - one) / 9, 0)  # a + b
    both = max((more_jobs - 4 * one + 3 * by_users) / 3, 0)  # b
    only_jobs = max(one - by_users, 0)  # i
    return only_jobs * jobs + (by_users - both + both * jobs) * users


def far(nights):
    """The calculation for a million jobs and ten million users, as rows of Markdown."""
    corners = [nights[corner] for corner in CORNERS]
    jobs = FAR_JOBS / corners[0]["jobs"]["scoreable"]
    users = FAR_USERS / corners[0]["users"]["scored"]

    def grown(number):
        return by_formula([number(one) for one in corners], jobs, users)

    def minutes(number):
        return f"{grown(number) / 60:,.1f} min"

    yield f"| 1 M × 10 M, by calculation ({jobs:.2f} × {users:.1f}) | |"
    yield "|---|--:|"
    yield f"| pairs | {grown(lambda one: one['pairs']['prefiltered']) / 1e9:,.0f} G |"
    yield f"| rows kept | {grown(lambda one: one['rows']['kept']) / 1e6:,.0f} M |"
    for phase in ("load", "score", "write", "total"):
        yield f"| {phase} | {minutes(lambda one, phase=phase: one['seconds'][phase])} |"
    yield f"| CPU talvix | {minutes(lambda one: sum(one['cpu_seconds']['talvix'].values()))} |"
    if all(one["cpu_seconds"]["server"] is not None for one in corners):
        yield f"| CPU server | {minutes(lambda one: one['cpu_seconds']['server'])} |"
    one, more_jobs, more_users = (night["peak_rss_bytes"] for night in corners)
    memory = more_users + (more_jobs - one) / 3 * (jobs - 1)  # grows with jobs alone
    yield f"| peak memory | {memory / 1e6:,.0f} MB |"


def write_block(document, chart, lines, measured):
    """Puts the table and the chart between the marks of a document."""
    text = document.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"scripts/growth: {document} has no {BEGIN} and {END} around the table")
    where = f"On {measured['cores']} cores ({measured['cpu']}), scoreable jobs and users; seconds:"
    picture = f"![Seconds and memory by users and by jobs]({chart.name})"
    block = "\n\n".join([begin, where, picture, "\n".join(lines), end])
    document.write_text(before + block + after)


def main():
    parser = argparse.ArgumentParser(prog="scripts/growth")
    parser.add_argument("sizes", nargs="*")
    parser.add_argument("--talvix", type=Path)
    parser.add_argument("--psql")
    parser.add_argument("--server")
    parser.add_argument("--server-data", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--base-jobs", type=int, default=227_000)
    parser.add_argument("--base-users", type=int, default=103_000)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--document", type=Path)
    parser.add_argument("--chart", type=Path)
    options = parser.parse_args()

    results = read_results(options.results)
    if options.sizes:
        server = Server(options.psql, options.server)
        talvix = Talvix(options.talvix, server)
        measured = conditions(options)
        # Before the first night, not after the last one.
        require_same(options.results, [*results, {"conditions": measured}])
    for size in options.sizes:
        night = measure(options, server, talvix, size) | {"conditions": measured}
        results.append(night)
        line = json.dumps(night)
        say(line)
        if options.results:
            with options.results.open("a") as file:
                file.write(line + "\n")
    require_same(options.results, results)
    if not results:
        raise SystemExit(f"scripts/growth: there are no nights in {options.results}")

    nights = by_size(results)
    lines = list(table(nights))
    if all(corner in nights for corner in CORNERS):
        lines += ["", *far(nights)]
    say("")
    print("\n".join(lines))
    if options.document:
        from growth_chart import draw  # it needs what is installed only for this

        draw(nights, options.chart)
        write_block(options.document, options.chart, lines, results[0]["conditions"])
        say(f"wrote {options.document} and {options.chart}")


if __name__ == "__main__":
    sys.exit(main())
