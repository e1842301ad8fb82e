"""PostgreSQL: the same join and sum as SQL in the server, in blocks of users on two connections."""

from concurrent.futures import ThreadPoolExecutor

import polars as pl
import psycopg

import sql
from database import read, write
from night import EXPIRES_AT, FIT_COLUMNS, ID_PREFIX, WEEK, YEAR, Night
from prepared import BLACKLIST, PAID_KEPT

NAME = "PostgreSQL, SQL in the server"
CONNECTIONS = 2
BLOCK_PAIRS = 2_000_000
SETTINGS = {
    "search_path": "compare, public",
    "work_mem": "512MB",  # sums and sorts of a block stay in memory
    "jit": "off",  # compiling each block's query costs more than it brings
    "max_parallel_workers_per_gather": "0",  # the connections are the parallel part
    "synchronous_commit": "off",  # of what is dropped afterwards
}
INDEXES = (
    "alter table jobs add primary key (job_no)",
    "alter table users add primary key (user_no)",
    "create index on job_terms (bucket, term) include (job_no, value)",
    "create index on user_buckets (user_no) include (bucket)",
    "create index on user_terms (user_no) include (term)",
    "vacuum analyze jobs, users, job_terms, user_buckets, user_terms",
)


class Engine:
    """A night in a schema of its own."""

    def __init__(self, night: Night) -> None:
        """Fills and indexes unlogged tables."""
        self.night = night
        self.prepared = night.prepared
        connection = self.connection = self._connect()
        connection.execute("drop schema if exists compare cascade")
        connection.execute("create schema compare")
        for table, columns in sql.TABLES.items():
            frame = getattr(self.prepared, table)
            ids = [name for name in ("job_id", "user_id") if name in frame.columns]
            types = [f"{name} int" for name in columns] + [f"{name} uuid" for name in ids]
            connection.execute(f"create unlogged table {table} ({', '.join(types)})")
            write(connection, table, frame.select(*columns, *ids))
        connection.execute("create unlogged table kept (user_no int, job_no int, raw int)")
        for statement in INDEXES:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection:
        connection = psycopg.connect(self.night.url, autocommit=True)
        for name, value in SETTINGS.items():
            connection.execute("select set_config(%s, %s, false)", (name, value))
        return connection

    def score(self) -> None:
        """Fills the table `kept`."""
        blocks = self.prepared.blocks(BLOCK_PAIRS)

        def score_some(share: int) -> None:
            with self._connect() as connection:
                for first, end in blocks[share::CONNECTIONS]:
                    connection.execute(self._statement(first, end))

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(score_some, range(CONNECTIONS)))

    def _statement(self, first: int, end: int) -> str:
        model = self.prepared.model
        return f"""
            insert into kept
            with wants as (
                select user_no, bucket, term from user_buckets join user_terms using (user_no)
                where user_no between {first} and {end - 1}
            ), shared as (
                select user_no, job_no, sum(value)::int as total
                from wants join job_terms using (bucket, term) group by user_no, job_no
            ), scored as (
                select user_no, num_kept, job_no, ({sql.raw_bp(model, "/")})::int as raw
                from shared join jobs j using (job_no) join users u using (user_no)
                where total < {BLACKLIST} and u.modes & j.mode_bit <> 0
            ), placed as (
                select *,
                    row_number() over (partition by user_no order by raw desc, job_no) as place
                from scored where (raw + 50) / 100 >= {model.least_fit}
            )
            select user_no, job_no, raw from placed where place <= num_kept"""

    def kept(self) -> pl.DataFrame:
        """The kept pairs."""
        return read(
            self.connection,
            "select user_no, job_no, raw from kept order by user_no, raw desc, job_no",
            user_no=pl.Int32, job_no=pl.Int32, raw=pl.Int32,
        )  # fmt: skip

    def write(self) -> None:
        """Inserts the rows without a way through the client."""
        self.connection.execute("set synchronous_commit = on")
        self.connection.execute(f"""
            insert into job_fit_scores ({", ".join(FIT_COLUMNS)})
            select ('{ID_PREFIX}' || lpad(to_hex(row_number() over ()), 12, '0'))::uuid,
                user_id, job_id, fit,
                case when fit >= 75 then 'strong' when fit >= 60 then 'good' else 'fair' end,
                case when fit >= {self.prepared.model.apply} then 'apply'
                    when fit >= {self.prepared.model.apply - 20} then 'consider' else 'skip' end,
                num_kept = {PAID_KEPT}, {WEEK}, {YEAR}, '{EXPIRES_AT}'
            from (
                select user_id, job_id, num_kept, least(100, (raw + 50) / 100) as fit
                from kept join users using (user_no) join jobs using (job_no)
                order by user_no, raw desc, job_no
            ) ranked""")
