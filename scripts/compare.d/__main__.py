"""Runs talvix and its contenders on one database, checks that they agree, prints the table."""

import argparse
import importlib
import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import psycopg

import agree
import measure
import talvix
from memory import Peak, tree_of
from prepare import prepare
from prepared import Prepared

EXACT = ["in_postgresql", "in_duckdb", "in_polars", "in_scipy"]
# Pairs beyond which a contender scores a share of the users, because all would take too long.
MOST_PAIRS = {"in_postgresql": 10_000_000, "in_polars": 40_000_000, "today": 1_000_000}


@dataclass(frozen=True)
class Row:
    """A line of the table; seconds and bytes."""

    name: str
    users: int
    score: float
    night: float
    peak: int


def main() -> None:
    """Everything, in order."""
    options = _options()
    with psycopg.connect(options.url, autocommit=True) as connection:
        rows = [_talvix(options)]
        stored = talvix.stored(connection)
        prepared, load_seconds, load_peak = _load(connection, options)
        pairs = prepared.pairs_of_users()
        found = {}
        for module in options.only:
            every = max(1, -(-int(pairs.sum()) // MOST_PAIRS.get(module, int(pairs.sum()))))
            row = _contender(module, every, load_seconds, connection, options)
            rows.append(row)
            if module in EXACT:
                kept = pl.read_ipc(options.work / f"{module}.kept.arrow")
                agree.against_talvix(row.name, kept, stored, every)
                found[row.name] = kept
        agree.among_each_other(found)
    print(f"\n{', '.join(found)} and talvix keep the same pairs with the same scores.\n")
    if not options.check:
        print(_table(rows, prepared, int(pairs.sum()), len(stored), load_seconds, load_peak))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/compare.d")
    parser.add_argument("--url", required=True)
    parser.add_argument("--storage", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--talvix", type=Path, required=True)
    parser.add_argument("--aliases", type=Path, required=True)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", type=lambda names: names.split(","), default=[*EXACT, "today"])
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, flush=True)


def _talvix(options: argparse.Namespace) -> Row:
    dry, _, _ = talvix.run(options.talvix, options.url, options.storage, "--dry-run")
    report, seconds, peak = talvix.run(options.talvix, options.url, options.storage)
    _say(f"talvix: {json.dumps(report['seconds'])}, dry run: {json.dumps(dry['seconds'])}")
    return Row(talvix.NAME, report["users"]["scored"], dry["seconds"]["score"], seconds, peak)


def _load(
    connection: psycopg.Connection, options: argparse.Namespace
) -> tuple[Prepared, float, int]:
    """The prepared tables, saved for the contenders; the seconds and the memory that took."""
    start = time.perf_counter()
    with Peak(lambda: tree_of(os.getpid())) as peak:
        prepared = prepare(connection, options.storage, options.aliases)
    seconds = time.perf_counter() - start
    prepared.save(options.work)
    _say(f"tables and resumes of the contenders: loaded in {seconds:.1f} s")
    return prepared, seconds, peak.bytes


def _contender(
    module: str,
    every: int,
    load_seconds: float,
    connection: psycopg.Connection,
    options: argparse.Namespace,
) -> Row:
    connection.execute("truncate job_fit_scores")
    connection.execute("checkpoint")
    own = connection.info.backend_pid

    def backends() -> list[int]:
        query = "select pid from pg_stat_activity where datname = current_database() and pid <> %s"
        return [pid for (pid,) in connection.execute(query, (own,))]

    command = measure.command(module, options.work, options.url, options.storage, every)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        in_server = module == "in_postgresql"
        with Peak(backends if in_server else lambda: tree_of(process.pid)) as peak:
            output = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"scripts/compare: {module} ended with status {process.returncode}")
    result = json.loads(output)
    _say(f"{module}, every {every}. user: {json.dumps(result)}")
    per_user = result["score"] + result["other"] + result["write"]
    return Row(
        name=importlib.import_module(module).NAME,
        users=result["users"],
        score=result["score"] * every,
        night=(0 if module == "today" else load_seconds) + result["set_up"] + per_user * every,
        peak=peak.bytes,
    )


def _table(
    rows: list[Row],
    prepared: Prepared,
    pairs: int,
    num_kept: int,
    load_seconds: float,
    load_peak: int,
) -> str:
    ours, all_users = rows[0], len(prepared.users)
    lines = [
        f"{len(prepared.jobs):,} jobs × {all_users:,} users, {pairs:,} pairs after role, level and"
        f" place, {num_kept:,} rows kept.",
        "",
        "| | scoring, s | × talvix | whole night, s | × talvix | peak memory, MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        star = "" if row.users == all_users else f" (from {row.users:,} users)"
        memory = f"{row.peak / 1e6:,.0f}" if row.peak else "not measured"
        lines.append(
            f"| {row.name}{star} | {row.score:,.2f} | {row.score / ours.score:,.1f}"
            f" | {row.night:,.1f} | {row.night / ours.night:,.1f} | {memory} |"
        )
    lines += [
        "",
        f"Each contender's night has {load_seconds:.1f} s of loading in it, at a peak of"
        f" {load_peak / 1e6:,.0f} MB, which the four exact ones share. Where a number of users is"
        " named, only these were scored, and the seconds are multiplied to all.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
