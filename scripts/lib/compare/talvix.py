"""talvix itself: a dry run for scoring alone, then a night, and what that stored."""

import json
import subprocess
import time
from pathlib import Path

import polars as pl
import psycopg

from database import read
from memory import Peak, tree_of
from night import AS_OF

NAME = "talvix"


def run(binary: Path, url: str, storage: Path, *options: str) -> tuple[dict, float, int]:
    """A run's report, the seconds from its start to its end, and its peak of memory in bytes."""
    command = [str(binary), "run", "--database-url", url, "--storage", str(storage)]
    command += ["--as-of", AS_OF, "--mode", "full", "--json", "--quiet", *options]
    start = time.perf_counter()
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as process,
        Peak(lambda: tree_of(process.pid)) as peak,
    ):
        output = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"talvix run ended with status {process.returncode}")
    report = json.loads(output)
    # The report has the kernel's own high-water mark, which no sample can miss.
    return report, time.perf_counter() - start, report.get("peak_rss_bytes") or peak.bytes


def stored(connection: psycopg.Connection) -> pl.DataFrame:
    """What is kept, by user and job."""
    return read(
        connection,
        "select user_id, job_id, fit_score from job_fit_scores order by 1, 2",
        user_id=pl.String, job_id=pl.String, fit_score=pl.Int32,
    )  # fmt: skip
