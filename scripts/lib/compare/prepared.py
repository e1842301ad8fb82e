"""What every contender starts from: the night as flat tables of whole numbers.

Jobs are numbered in the order that breaks ties (newest first, then by id), so of two pairs with one
score the smaller job number wins. Users are numbered from 0, by id. Unknown numbers are -1.

The prefilter by role family, level and place is one equality: a *bucket* is the jobs that have all
three in common, and `user_buckets` names those that a user may be offered.

Skills, dream companies and blacklists are one join and one sum: *terms*. A job lists the term
EVERY_JOB with value 0 (which every user has: a pair without a common skill is a pair, too), its
skills with their weights, and its company as `dream` (value DREAM) and as `blacklist` (value
BLACKLIST), where a user calls it so.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import polars as pl

EVERY_JOB = 0
DREAM = 1 << 16  # above every sum of weights
BLACKLIST = 1 << 17

FREE_KEPT = 3
PAID_KEPT = 25


@dataclass(frozen=True)
class Model:
    """The weights: four in ten-thousandths, the bonus in bp, thresholds in points."""

    skills: int
    experience: int
    demand: int
    salary: int
    bonus_bp: int
    least_fit: int
    apply: int

    @property
    def total(self) -> int:
        """What the weighted sum of the components is divided by."""
        return self.skills + self.experience + self.demand + self.salary


@dataclass(frozen=True)
class Prepared:
    """The tables of a night."""

    # job_no, job_id, bucket, mode_bit, lo, hi (tenths), offer (hundredths), demand_bp, weight
    jobs: pl.DataFrame
    # job_no, bucket, term, value
    job_terms: pl.DataFrame
    # user_no, user_id, num_kept, years (tenths), expected (hundredths), modes (bits)
    users: pl.DataFrame
    # user_no, bucket
    user_buckets: pl.DataFrame
    # user_no, term
    user_terms: pl.DataFrame
    model: Model

    def save(self, folder: Path) -> None:
        """Writes the tables, a file each."""
        folder.mkdir(parents=True, exist_ok=True)
        for field in fields(self):
            value = getattr(self, field.name)
            frame = pl.DataFrame([vars(value)]) if isinstance(value, Model) else value
            frame.write_ipc(folder / f"{field.name}.arrow")

    @staticmethod
    def load(folder: Path) -> "Prepared":
        """Reads what `save` wrote."""
        frames = {
            field.name: pl.read_ipc(folder / f"{field.name}.arrow") for field in fields(Prepared)
        }
        return Prepared(**{**frames, "model": Model(**frames["model"].row(0, named=True))})

    def pairs_of_users(self) -> np.ndarray:
        """How many jobs are in each user's buckets."""
        sizes = self.jobs.group_by("bucket").len("pairs")
        counts = self.user_buckets.join(sizes, on="bucket").group_by("user_no").agg(pl.sum("pairs"))
        pairs = np.zeros(len(self.users), np.int64)
        pairs[counts["user_no"].to_numpy()] = counts["pairs"].to_numpy()
        return pairs

    def of_users(self, chosen: np.ndarray) -> "Prepared":
        """The same night with these users alone, numbered anew in their order."""
        numbers = pl.DataFrame({"user_no": chosen}, schema={"user_no": pl.Int32})
        numbers = numbers.with_columns(new=pl.int_range(pl.len(), dtype=pl.Int32))

        def renumbered(frame: pl.DataFrame) -> pl.DataFrame:
            found = frame.join(numbers, on="user_no", maintain_order="left")
            return found.with_columns(user_no="new").drop("new")

        return replace(
            self,
            users=renumbered(self.users),
            user_buckets=renumbered(self.user_buckets),
            user_terms=renumbered(self.user_terms),
        )

    def blocks(self, max_pairs: int) -> list[tuple[int, int]]:
        """Ranges of user numbers (first, end) with about so many pairs each."""
        ends = np.cumsum(self.pairs_of_users())
        cuts = np.searchsorted(ends, np.arange(max_pairs, ends[-1], max_pairs))
        edges = np.unique(np.concatenate([[0], cuts, [len(ends)]]))
        return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


# A key sorts a user's pairs as they are kept: by raw score, then the smaller job number first.
KEY_JOBS = 1 << 20


def kept_of_keys(users: np.ndarray, keys: np.ndarray) -> pl.DataFrame:
    """Pairs (user_no, job_no, raw), each user's best first."""
    raw, behind = np.divmod(keys, KEY_JOBS)
    return pl.DataFrame(
        {"user_no": users, "job_no": KEY_JOBS - 1 - behind, "raw": raw},
        schema={"user_no": pl.Int32, "job_no": pl.Int32, "raw": pl.Int32},
    ).sort("user_no", "raw", "job_no", descending=[False, True, False])
