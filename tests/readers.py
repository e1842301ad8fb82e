"""Reads published nights with a reader that analysts use, one line a set, and prints what it finds.

usage: readers.py duckdb|polars|pandas SNAPSHOTS
"""

import json
import sys


def with_duckdb(root):
    import duckdb

    scores = f"from '{root}/job_fit_scores/*/*/*.parquet'"
    users = f"from '{root}/scored_users/*/*/*.parquet'"
    jobs = f"from '{root}/scored_jobs/*/*/*.parquet'"
    runs = f"from '{root}/runs/*/*/*.parquet'"

    def rows(sql):
        return duckdb.sql(sql).fetchall()

    joined = f"""
        select s.run_id, count(*), sum(s.fit_score), count(s.fit_reasons), min(j.role_family)
        from (select * {scores}) s
        join (select * {users}) u using (run_id, user_id)
        join (select * {jobs}) j using (run_id, job_id)
        group by s.run_id
    """
    return {
        "runs": rows(f"select run_id, rows_kept, users_scored, jobs_scoreable {runs}"),
        "scores": rows(f"select run_id, count(*) {scores} group by run_id"),
        "users": rows(f"select run_id, count(mode) {users} group by run_id"),
        "jobs": rows(f"select run_id, count(*) {jobs} group by run_id"),
        "joined": [row[:4] for row in rows(joined)],
        "types": dict(
            rows(
                "select column_name, column_type from "
                f"(describe (select user_id, fit_score, fit_reasons, is_full_score {scores})) "
                f"union all select column_name, column_type from (describe (select as_of {runs}))"
            )
        ),
        "bloom": rows(
            "select distinct bloom_filter_excludes from parquet_bloom_probe("
            f"'{root}/job_fit_scores/*/*/*.parquet', 'job_id', 'no such job')"
        ),
    }


def with_polars(root):
    import polars

    scores = polars.scan_parquet(f"{root}/job_fit_scores")
    users = polars.scan_parquet(f"{root}/scored_users")
    jobs = polars.scan_parquet(f"{root}/scored_jobs")
    runs = polars.scan_parquet(f"{root}/runs")

    key = polars.col("run_id").cast(polars.String)
    scores, users, jobs, runs = (frame.with_columns(key) for frame in (scores, users, jobs, runs))
    night = ["run_date", "run_id"]
    joined = scores.join(users, on=[*night, "user_id"]).join(jobs, on=[*night, "job_id"])
    sums = [polars.len(), polars.col("fit_score").sum(), polars.col("fit_reasons").count()]

    def rows(frame, *columns):
        return frame.select("run_id", *columns).collect().rows()

    return {
        "runs": rows(runs, "rows_kept", "users_scored", "jobs_scoreable"),
        "scores": rows(scores.group_by("run_id").len(), "len"),
        "users": rows(users.group_by("run_id").agg(polars.col("mode").count()), "mode"),
        "jobs": rows(jobs.group_by("run_id").len(), "len"),
        "joined": rows(joined.group_by("run_id").agg(sums), "len", "fit_score", "fit_reasons"),
        "types": {
            name: str(scores.collect_schema()[name])
            for name in ("user_id", "fit_score", "fit_reasons", "is_full_score")
        }
        | {"as_of": str(runs.collect_schema()["as_of"])},
    }


def with_pandas(root):
    import pandas

    scores = pandas.read_parquet(f"{root}/job_fit_scores")
    users = pandas.read_parquet(f"{root}/scored_users")
    jobs = pandas.read_parquet(f"{root}/scored_jobs")
    runs = pandas.read_parquet(f"{root}/runs")

    for frame in (scores, users, jobs, runs):
        frame["run_id"] = frame["run_id"].astype(str)
    joined = scores.merge(users, on=["run_id", "user_id"]).merge(jobs, on=["run_id", "job_id"])

    def pairs(series):
        return [(run, int(number)) for run, number in series.items()]

    by_run = joined.groupby("run_id")
    sums = by_run.agg(n=("fit_score", "size"), sum=("fit_score", "sum"), texts=("fit_reasons", "count"))
    columns = ["run_id", "rows_kept", "users_scored", "jobs_scoreable"]
    return {
        "runs": [tuple(row) for row in runs[columns].values.tolist()],
        "scores": pairs(scores.groupby("run_id").size()),
        "users": pairs(users.groupby("run_id")["mode"].count()),
        "jobs": pairs(jobs.groupby("run_id").size()),
        "joined": [(run, int(n), int(s), int(t)) for run, n, s, t in sums.itertuples()],
        "types": {
            "user_id": str(scores["user_id"].dtype),
            "fit_score": str(scores["fit_score"].dtype),
            "fit_reasons": type(scores["fit_reasons"].dropna().iloc[0]).__name__,
            "is_full_score": str(scores["is_full_score"].dtype),
            "as_of": str(runs["as_of"].dtype),
        },
    }


def main():
    reader, root = sys.argv[1:]
    read = {"duckdb": with_duckdb, "polars": with_polars, "pandas": with_pandas}[reader]
    found = read(root)
    for name, rows in found.items():
        if isinstance(rows, list):
            found[name] = sorted([str(row[0]), *row[1:]] for row in rows)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
