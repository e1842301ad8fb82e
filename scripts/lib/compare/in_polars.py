"""Polars: one join and one sum in blocks of users, on the streaming engine."""

import os

os.environ["POLARS_MAX_THREADS"] = "2"

import polars as pl

from night import InClient, Night
from prepared import BLACKLIST, DREAM, KEY_JOBS, PAID_KEPT, Model, kept_of_keys

NAME = "Polars"
# Tried 1, 2, 4 and 8 million: sums of larger ones leave the fast levels of memory, smaller ones
# pay for the hash table of the jobs' terms again and again.
BLOCK_PAIRS = 2_000_000
# A bucket and a term.
PLACE = pl.col("bucket").cast(pl.Int64) * (1 << 32) + pl.col("term")


class Engine(InClient):
    """A night in data frames."""

    def __init__(self, night: Night) -> None:
        """Makes lazy frames of the tables."""
        super().__init__(night)
        # One key of 64 bits joins and groups a good deal faster than two of 32.
        self.job_terms = (
            self.prepared.job_terms.lazy().select("job_no", "value", place=PLACE).collect().lazy()
        )
        self.jobs = self.prepared.jobs.drop("job_id", "bucket").lazy()

    def score(self) -> None:
        """Finds the kept pairs."""
        found = [
            self._query(first, end).collect(engine="streaming")
            for first, end in self.prepared.blocks(BLOCK_PAIRS)
        ]
        found = pl.concat(found)
        self.found = kept_of_keys(found["user_no"].to_numpy(), found["key"].to_numpy())

    def _query(self, first: int, end: int) -> pl.LazyFrame:
        night, model = self.prepared, self.prepared.model
        block = pl.col("user_no").is_between(first, end, closed="left")
        wants = (
            night.user_buckets.lazy()
            .filter(block)
            .join(night.user_terms.lazy().filter(block), on="user_no")
            .select("user_no", place=PLACE)
        )
        pair = pl.col("user_no").cast(pl.Int64) * KEY_JOBS + pl.col("job_no")
        shared = (
            wants.join(self.job_terms, on="place")
            .select("value", pair=pair)
            .group_by("pair")
            .agg(total=pl.sum("value"))
            .filter(pl.col("total") < BLACKLIST)
            .select(
                "total",
                user_no=(pl.col("pair") // KEY_JOBS).cast(pl.Int32),
                job_no=(pl.col("pair") % KEY_JOBS).cast(pl.Int32),
            )
        )
        raw = _raw_bp(model)
        scored = (
            shared.join(self.jobs, on="job_no")
            .join(night.users.lazy().filter(block).drop("user_id"), on="user_no")
            .filter(pl.col("modes") & pl.col("mode_bit") != 0)
            .select("user_no", "num_kept", "job_no", raw=raw)
            .filter((pl.col("raw") + 50) // 100 >= model.least_fit)
        )
        key = pl.col("raw").cast(pl.Int64) * KEY_JOBS + (KEY_JOBS - 1) - pl.col("job_no")
        return (
            scored.select("user_no", "num_kept", key=key)
            .group_by("user_no", "num_kept")
            .agg(pl.col("key").top_k(PAID_KEPT))
            .select("user_no", pl.col("key").list.sort(descending=True).list.head("num_kept"))
            .explode("key")
        )


def _raw_bp(model: Model) -> pl.Expr:
    total, weight = pl.col("total"), pl.col("weight")
    years, lo, hi = pl.col("years"), pl.col("lo"), pl.col("hi")
    offer, expected = pl.col("offer"), pl.col("expected")
    skills = pl.when(weight == 0).then(5_000).otherwise(10_000 * (total % DREAM) // (weight + 8))
    experience = (
        pl.when((years < 0) | (lo < 0)).then(5_000)
        .when(years < lo).then((10_000 - 250 * (lo - years)).clip(lower_bound=0))
        .when(years > hi).then((10_000 - 100 * (years - hi)).clip(lower_bound=5_000))
        .otherwise(10_000)
    )  # fmt: skip
    missing = 20_000 * (expected - offer).cast(pl.Int64) // expected
    salary = (
        pl.when((offer < 0) | (expected <= 0)).then(5_000)
        .when(offer >= expected).then(10_000)
        .otherwise((10_000 - missing).clip(lower_bound=0))
    )  # fmt: skip
    base = (
        model.skills * skills
        + model.experience * experience
        + model.demand * pl.col("demand_bp")
        + model.salary * salary
    ) // model.total
    return (base + pl.when(total >= DREAM).then(model.bonus_bp).otherwise(0)).cast(pl.Int32)
