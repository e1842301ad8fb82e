"""What a contender gets, and the rows that it writes."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import psycopg

from database import write
from prepared import PAID_KEPT, Prepared

# The instant of every run, Monday half past ten in India, and what follows from it.
AS_OF = "2026-11-16T17:00:00Z"
WEEK, YEAR, EXPIRES_AT = 47, 2026, "2026-11-30T17:00:00Z"

# Ids in order, as talvix makes them: random ones cost the index more.
ID_PREFIX = "019a8d1c-0000-7000-8000-"
FIT_COLUMNS = (
    "id", "user_id", "job_id", "fit_score", "fit_label", "recommendation", "is_full_score",
    "week_number", "year_number", "expires_at",
)  # fmt: skip


@dataclass(frozen=True)
class Night:
    """A night's tables, and where it comes from and goes to."""

    prepared: Prepared
    url: str
    storage: Path


class InClient:
    """A contender that finds its pairs in this process: `score` of its subclass sets `found`."""

    def __init__(self, night: Night) -> None:
        """Keeps the night."""
        self.night = night
        self.prepared = night.prepared
        self.found = pl.DataFrame()

    def kept(self) -> pl.DataFrame:
        """The kept pairs: user_no, job_no, raw; by user, the best first."""
        return self.found

    def write(self) -> None:
        """Appends the rows."""
        write_rows(self.night, self.found)


def fit_score(raw: pl.Expr) -> pl.Expr:
    """Points of basis points."""
    return ((raw + 50) // 100).clip(upper_bound=100)


def write_rows(night: Night, kept: pl.DataFrame) -> None:
    """Appends the kept pairs to job_fit_scores by one COPY, without the texts."""
    apply = night.prepared.model.apply
    fit = pl.col("fit_score")
    rows = (
        kept.join(night.prepared.users, on="user_no", maintain_order="left")
        .join(night.prepared.jobs.select("job_no", "job_id"), on="job_no", maintain_order="left")
        .with_columns(fit_score=fit_score(pl.col("raw")))
        .with_columns(
            id=pl.Series([f"{ID_PREFIX}{row:012x}" for row in range(len(kept))], dtype=pl.String),
            fit_label=pl.when(fit >= 75).then(pl.lit("strong"))
            .when(fit >= 60).then(pl.lit("good")).otherwise(pl.lit("fair")),
            recommendation=pl.when(fit >= apply).then(pl.lit("apply"))
            .when(fit >= apply - 20).then(pl.lit("consider")).otherwise(pl.lit("skip")),
            is_full_score=pl.col("num_kept") == PAID_KEPT,
            week_number=WEEK, year_number=YEAR, expires_at=pl.lit(EXPIRES_AT),
        )
    )  # fmt: skip
    with psycopg.connect(night.url) as connection:
        write(connection, "job_fit_scores", rows.select(FIT_COLUMNS))
