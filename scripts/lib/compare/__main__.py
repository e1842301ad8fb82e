"""Runs talvix and its contenders on one database, checks that they agree, prints the table.

In data order:

- texts, resumes, database, prepare: what is read, as flat tables
- prepared, sql, night: the tables, the rules in SQL, the rows that are written
- in_postgresql, in_duckdb, in_polars, in_scipy, today: the contenders
- talvix, measure, memory: runs and what they cost
- agree, table: what comes out
"""

import argparse
import json
import os
import subprocess
import time
from pathlib import Path

import polars as pl
import psycopg

import agree
import measure
import talvix
from memory import Peak, tree_of
from prepare import prepare
from prepared import Prepared
from table import Row, table

EXACT = ["in_postgresql", "in_duckdb", "in_polars", "in_scipy"]
CONTENDERS = [*EXACT, "today"]
# Pairs beyond which a contender scores a share of the users, because all would take too long.
# Only of those whose seconds grow with users: SciPy's work of a bucket does not.
MOST_PAIRS = {"in_postgresql": 10_000_000, "today": 1_000_000}
MAY_BE_SAMPLED = ["in_duckdb", "in_polars"]


def main() -> None:
    """Everything, in order."""
    options = _options()
    with psycopg.connect(options.url, autocommit=True) as connection:
        ours, pairs = _talvix(connection, options)
        stored = talvix.stored(connection)
        prepared, load_seconds, load_peak = _load(connection, options)
        rows, found = [ours], {}
        for module in options.only:
            most = options.most_pairs if module in MAY_BE_SAMPLED else MOST_PAIRS.get(module)
            every = -(-pairs // (most or pairs))
            row = _contender(module, every, prepared, load_seconds, connection, options)
            rows.append(row)
            if module in EXACT:
                kept = pl.read_ipc(measure.kept_file(options.work, module))
                users = prepared.users.gather_every(every).select("user_id")
                agree.against_talvix(row.name, kept, stored, users)
                found[row.name] = kept
    if found:
        agree.among_each_other(found)
        _say(f"\ntalvix and {', '.join(found)} keep the same pairs with the same scores.")
    if not options.check:
        _say(
            f"\n{len(prepared.jobs):,} jobs × {len(prepared.users):,} users, {pairs:,} pairs after"
            f" the prefilter, {len(stored):,} rows kept.\n\n{table(rows)}\n\nIn each exact"
            f" contender's night are {load_seconds:.1f} s of loading, at a peak of"
            f" {load_peak / 1e6:,.0f} MB. Where a number of users is named, only a random share was"
            " scored, and the seconds are multiplied to all."
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/compare")
    parser.add_argument("--url", required=True)
    parser.add_argument("--storage", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--talvix", type=Path, required=True)
    parser.add_argument("--aliases", type=Path, required=True)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--most-pairs", type=int)
    parser.add_argument("--only", type=lambda names: names.split(","), default=CONTENDERS)
    options = parser.parse_args()
    if unknown := set(options.only) - set(CONTENDERS):
        parser.error(f"--only: unknown {', '.join(unknown)}: expected {', '.join(CONTENDERS)}")
    if options.check:
        options.only = [name for name in options.only if name in EXACT]
    return options


def _say(text: str) -> None:
    print(text, flush=True)


def _empty(connection: psycopg.Connection) -> None:
    """As before the first night, with no checkpoint waiting."""
    connection.execute("truncate job_fit_scores")
    connection.execute("checkpoint")


def _talvix(connection: psycopg.Connection, options: argparse.Namespace) -> tuple[Row, int]:
    """The line of talvix, and the pairs that pass its prefilter."""
    _empty(connection)
    where = options.talvix, options.url, options.storage
    # In a night scoring and writing overlap, so scoring alone is that of a run without writes.
    dry, _, _ = talvix.run(*where, "--dry-run")
    report, seconds, peak_bytes = talvix.run(*where)
    _say(f"talvix: {json.dumps(report['seconds'])}, dry run: {json.dumps(dry['seconds'])}")
    row = Row(talvix.NAME, None, dry["seconds"]["score"], seconds, peak_bytes)
    return row, report["pairs"]["prefiltered"]


def _load(
    connection: psycopg.Connection, options: argparse.Namespace
) -> tuple[Prepared, float, int]:
    """The prepared tables, saved for the contenders; the seconds and the bytes that took."""
    start = time.perf_counter()
    with Peak(lambda: tree_of(os.getpid())) as peak:
        prepared = prepare(connection, options.storage, options.aliases)
    seconds = time.perf_counter() - start
    prepared.save(options.work)
    _say(f"tables and resumes, for all exact contenders: {seconds:.1f} s")
    return prepared, seconds, peak.bytes


def _contender(
    module: str,
    every: int,
    prepared: Prepared,
    load_seconds: float,
    connection: psycopg.Connection,
    options: argparse.Namespace,
) -> Row:
    """Runs a contender on every so many-th user."""
    _empty(connection)

    def backends() -> list[int]:
        others = (
            "select pid from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        return [pid for (pid,) in connection.execute(others)]

    command = measure.command(module, options.work, options.url, options.storage, every)
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as process,
        Peak(backends if module == "in_postgresql" else lambda: tree_of(process.pid)) as peak,
    ):
        output = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"scripts/compare: {module} ended with status {process.returncode}")
    result = json.loads(output)
    _say(f"{module}: {json.dumps(result)}")
    times = len(prepared.users) / result["users"]
    night = result["set_up"] + times * (result["score"] + result["other"] + result["write"])
    return Row(
        name=result["name"],
        sampled_users=result["users"] if every > 1 else None,
        score_seconds=times * result["score"],
        # Today each user's queries and resume are part of the loop.
        night_seconds=night + (load_seconds if module in EXACT else 0),
        peak_bytes=peak.bytes,
    )


if __name__ == "__main__":
    main()
