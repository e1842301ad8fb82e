"""DuckDB: one join and one sum in blocks of users, and the best by the aggregate max(key, n)."""

import duckdb
import numpy as np

import sql
from night import InClient, Night
from prepared import BLACKLIST, KEY_JOBS, PAID_KEPT, kept_of_keys

NAME = "DuckDB"
# Of 1, 2, 4, 8 and 20 million none is better by more than a tenth; small ones need less memory.
BLOCK_PAIRS = 2_000_000
SETTINGS = {
    "threads": 2,
    "preserve_insertion_order": False,
    # It would add up terms before the join that leaves most of them out.
    "disabled_optimizers": "partial_aggregate_pushdown",
}


class Engine(InClient):
    """A night in tables of an in-memory database."""

    def __init__(self, night: Night) -> None:
        """Fills the tables."""
        super().__init__(night)
        self.database = duckdb.connect(config=SETTINGS)
        for table, columns in sql.TABLES.items():
            self.database.register(
                "arrow", getattr(self.prepared, table).select(columns).to_arrow()
            )
            self.database.execute(f"create table {table} as from arrow")
            self.database.unregister("arrow")

    def score(self) -> None:
        """Finds the kept pairs."""
        users, keys = [], []
        for first, end in self.prepared.blocks(BLOCK_PAIRS):
            found = self.database.execute(self._query(first, end)).fetchnumpy()
            users.append(found["user_no"])
            keys.append(found["key"])
        self.found = kept_of_keys(np.concatenate(users), np.concatenate(keys))

    def _query(self, first: int, end: int) -> str:
        model = self.prepared.model
        return f"""
            with wants as (
                select user_no, bucket, term from user_buckets join user_terms using (user_no)
                where user_no between {first} and {end - 1}
            ), shared as (
                select user_no, job_no, sum(cast(value as double)) as sum
                from wants join job_terms using (bucket, term) group by all
            ), scored as (
                select user_no, num_kept, job_no, {sql.raw_bp(model, "//")} as raw
                from (select user_no, job_no, cast(sum as integer) as total from shared)
                join jobs j using (job_no) join users u using (user_no)
                where total < {BLACKLIST} and u.modes & j.mode_bit <> 0
            ), best as (
                select user_no, any_value(num_kept) as num_kept,
                    max(
                        cast(raw as bigint) * {KEY_JOBS} + {KEY_JOBS - 1} - job_no, {PAID_KEPT}
                    ) as keys
                from scored where (raw + 50) // 100 >= {model.least_fit} group by user_no
            )
            select user_no, unnest(keys[:num_kept]) as key from best"""
