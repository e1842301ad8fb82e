"""Sparse matrices: the users of a bucket times its jobs, and the rest in whole numbers of numpy.

Each bucket is one sparse product of users × terms and terms × jobs, made dense in pieces that fit a
core's cache; experience and salary are looked up in tables of all values that occur. A user's best
so far are the bar for the next bucket; two processes share the users.
"""

import multiprocessing

import numpy as np
import polars as pl
from scipy import sparse

from night import InClient, Night
from prepared import BLACKLIST, DREAM, EVERY_JOB, KEY_JOBS, PAID_KEPT, kept_of_keys

NAME = "SciPy, sparse matrices"
PROCESSES = 2
# Cells of a dense piece: as float64 they are 1 MB, half of a usual second-level cache.
PIECE = 1 << 17
ANY_MODE = 15


class Engine(InClient):
    """A night as matrices."""

    def __init__(self, night: Night) -> None:
        """Makes the matrices and the tables."""
        super().__init__(night)
        night = self.prepared
        model = self.model = night.model
        users, jobs = night.users, night.jobs.sort("bucket", "job_no")
        self.num_kept = users["num_kept"].to_numpy()
        self.modes = users["modes"].to_numpy()
        self.job_no = jobs["job_no"].to_numpy()
        self.mode_bit = jobs["mode_bit"].to_numpy()
        self.rank = KEY_JOBS - 1 - self.job_no.astype(np.int64)
        self.demand = model.demand * jobs["demand_bp"].to_numpy()
        # (10,000 · has + ½) / (weight + 8) never meets a whole number, so no rounding of a double
        # can change what it is cut to. Without skills the component is 5,000 for everyone.
        per_skill = 1 / (jobs["weight"].to_numpy() + 8.0)
        listed = jobs["weight"].to_numpy() > 0
        self.skill_factor = np.where(listed, 10_000 * per_skill, 0)
        self.skill_start = np.where(listed, 0.5 * per_skill, 5_000)

        years, self.years_at = np.unique(users["years"].to_numpy(), return_inverse=True)
        bands = jobs.select("lo", "hi").to_numpy()
        bands, self.band_at = np.unique(bands, axis=0, return_inverse=True)
        self.experience = model.experience * _experience(years[:, None], bands[:, 0], bands[:, 1])
        expected, self.expected_at = np.unique(users["expected"].to_numpy(), return_inverse=True)
        offers, self.offer_at = np.unique(jobs["offer"].to_numpy(), return_inverse=True)
        self.salary = model.salary * _salary(expected[:, None], offers)

        rows_of_jobs = np.empty(len(jobs), np.int64)
        rows_of_jobs[self.job_no] = np.arange(len(jobs))
        terms = night.job_terms.filter(pl.col("term") != EVERY_JOB)
        has = night.user_terms.filter(pl.col("term") != EVERY_JOB)
        num_terms = 1 + int(max(terms["term"].max() or 0, has["term"].max() or 0))
        self.users = sparse.csr_array(
            (
                np.ones(len(has), np.int32),
                (has["user_no"].to_numpy(), has["term"].to_numpy()),
            ),
            shape=(len(users), num_terms),
        )
        self.jobs = sparse.csr_array(
            (
                terms["value"].to_numpy(),
                (rows_of_jobs[terms["job_no"].to_numpy()], terms["term"].to_numpy()),
            ),
            shape=(len(jobs), num_terms),
        )
        self.starts_of_jobs = np.searchsorted(
            jobs["bucket"].to_numpy(), np.arange(jobs["bucket"].max() + 2)
        )
        self.wants_user = night.user_buckets["user_no"].to_numpy()
        self.wants_bucket = night.user_buckets["bucket"].to_numpy()

    def score(self) -> None:
        """Finds the kept pairs."""
        global _engine
        _engine = self
        with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
            found = pool.map(_score_share, range(PROCESSES))
        best = np.empty((len(self.num_kept), PAID_KEPT), np.int64)
        for share, part in enumerate(found):
            best[share::PROCESSES] = part
        kept = (best > 0) & (np.arange(PAID_KEPT) < self.num_kept[:, None])
        rows, _ = np.nonzero(kept)
        self.found = kept_of_keys(rows, best[kept])

    def score_share(self, share: int) -> np.ndarray:
        """The best keys of every so many-th user, best first; 0 where there are fewer."""
        least_raw = 100 * self.model.least_fit - 50
        best = np.zeros((len(self.num_kept), PAID_KEPT), np.int64)
        bar = np.full(len(self.num_kept), least_raw, np.int32)
        mine = self.wants_user % PROCESSES == share
        order = np.argsort(self.wants_bucket[mine], kind="stable")
        wants_user = self.wants_user[mine][order]
        starts = np.searchsorted(
            self.wants_bucket[mine][order], np.arange(len(self.starts_of_jobs))
        )
        for bucket in range(len(self.starts_of_jobs) - 1):
            first, end = self.starts_of_jobs[bucket : bucket + 2]
            users = wants_user[starts[bucket] : starts[bucket + 1]]
            if not len(users):
                continue
            jobs = self.jobs[first:end].T.tocsr()
            step = max(1, PIECE // (end - first))
            for at in range(0, len(users), step):
                self._score_piece(users[at : at + step], slice(first, end), jobs, best, bar)
        return best[share::PROCESSES]

    def _score_piece(
        self,
        users: np.ndarray,
        jobs: slice,
        terms: sparse.csr_array,
        best: np.ndarray,
        bar: np.ndarray,
    ) -> None:
        raw = self._raw(users, jobs, terms)
        passes = raw >= bar[users, None]
        width = passes.sum(axis=1)
        crowded = np.flatnonzero(width > PAID_KEPT)
        if len(crowded):
            # This bucket alone has so many that reach the 25th best of it.
            nth = np.partition(raw[crowded], -PAID_KEPT, axis=1)[:, -PAID_KEPT]
            passes[crowded] &= raw[crowded] >= nth[:, None]
            width[crowded] = passes[crowded].sum(axis=1)
        some = np.flatnonzero(width)
        if not len(some):
            return
        row, col = np.nonzero(passes[some])
        keys = np.zeros((len(some), PAID_KEPT + width[some].max()), np.int64)
        keys[:, :PAID_KEPT] = best[users[some]]
        place = np.arange(len(row)) - np.repeat(np.cumsum(width[some]) - width[some], width[some])
        keys[row, PAID_KEPT + place] = (
            raw[some[row], col] * np.int64(KEY_JOBS) + self.rank[jobs][col]
        )
        keys = -np.sort(-keys, axis=1)[:, :PAID_KEPT]
        users = users[some]
        best[users] = keys
        last = keys[np.arange(len(users)), self.num_kept[users] - 1] // KEY_JOBS
        bar[users] = np.maximum(bar[users], last)

    def _raw(self, users: np.ndarray, jobs: slice, terms: sparse.csr_array) -> np.ndarray:
        """The raw scores, users × jobs; -1 where the pair does not pass the prefilter."""
        model = self.model
        shared = self.users[users] @ terms
        marked = np.flatnonzero(shared.data >= DREAM)
        if len(marked):
            rows = np.searchsorted(shared.indptr, marked, side="right") - 1
            cols = shared.indices[marked]
            banned = shared.data[marked] >= BLACKLIST
            shared.data[marked] %= DREAM
        skills = shared.toarray() * self.skill_factor[jobs]
        skills += self.skill_start[jobs]
        raw = skills.astype(np.int32)
        raw *= model.skills
        raw += self.demand[jobs]
        raw += _looked_up(self.experience, self.years_at[users], self.band_at[jobs])
        raw += _looked_up(self.salary, self.expected_at[users], self.offer_at[jobs])
        raw //= model.total
        if len(marked):
            raw[rows, cols] += np.where(banned, -raw[rows, cols] - 1, model.bonus_bp).astype(
                np.int32
            )
        picky = np.flatnonzero(self.modes[users] != ANY_MODE)
        if len(picky):
            fits = self.modes[users[picky], None] & self.mode_bit[jobs]
            raw[picky] = np.where(fits, raw[picky], -1)
        return raw


_engine: Engine


def _score_share(share: int) -> np.ndarray:
    return _engine.score_share(share)


def _looked_up(table: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """table[rows][:, cols], by one flat index."""
    flat = (rows * table.shape[1])[:, None] + cols
    return table.ravel().take(flat)


def _experience(years: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    below = np.maximum(0, 10_000 - 250 * (lo - years))
    above = np.maximum(5_000, 10_000 - 100 * (years - hi))
    within = np.where(years < lo, below, np.where(years > hi, above, 10_000))
    return np.where((years < 0) | (lo < 0), 5_000, within).astype(np.int32)


def _salary(expected: np.ndarray, offer: np.ndarray) -> np.ndarray:
    expected, offer = expected.astype(np.int64), offer.astype(np.int64)
    short = np.maximum(0, 10_000 - 20_000 * (expected - offer) // np.maximum(1, expected))
    known = np.where(offer >= expected, 10_000, short)
    return np.where((expected <= 0) | (offer < 0), 5_000, known).astype(np.int32)
