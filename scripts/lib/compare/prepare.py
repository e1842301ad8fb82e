"""Reads a night from the database and the storage, and makes flat tables of it.

It knows the rules of docs/scoring.md for data without odd values (`talvix fixtures --dirt none`).
"""

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import psycopg

from database import read
from prepared import BLACKLIST, DREAM, EVERY_JOB, FREE_KEPT, PAID_KEPT, Model, Prepared
from resumes import read_resumes
from texts import Skills, canonical, read_aliases

TEXT, NUMBER = pl.String, pl.Int32

SCOREABLE = "is_active and jd_cleaned and role_family is not null"
NO_PLACE, REMOTE, FIRST_CITY = 0, 1, 2
LEVELS = {"intern": 1, "junior": 2, "mid": 3, "senior": 4, "lead": 5}  # 0: open to everyone
ENTRY, UNKNOWN = 6, 0
# The levels of jobs that suit a user's.
SUITS = {UNKNOWN: range(6), ENTRY: (0, 1, 2), **{level: (0, level) for level in range(1, 6)}}
BANDS = {1: (0, 10), 2: (0, 30), 3: (30, 60), 4: (60, 100), 5: (100, 400)}
MODES = {"remote": 2, "hybrid": 4, "onsite": 8}
NO_MODE, ANY_MODE = 1, 15


def prepare(connection: psycopg.Connection, storage: Path, aliases: Path) -> Prepared:
    """Everything that a full scan needs."""
    model = _model(storage / "model-data/weights_current.json")
    table = read_aliases(aliases)
    jobs = _jobs(connection)
    job_skills, names = _job_skills(connection, jobs, table)
    cities = _numbered(jobs, "city", FIRST_CITY)
    jobs = _with_market(connection, jobs, cities)
    jobs, buckets = _with_buckets(jobs, cities)
    weights = job_skills.group_by("job_no").agg(pl.sum("value").alias("weight"))
    jobs = jobs.join(weights, on="job_no", how="left", maintain_order="left").with_columns(
        pl.col("weight").fill_null(0).cast(NUMBER)
    )

    found = _resumes(connection, storage, Skills(names, table))
    roles = read(
        connection, "select user_id, role_family from user_target_roles", user_id=TEXT, family=TEXT
    )
    users = _users(connection, found, roles)
    numbers = users.select("user_id", "user_no")
    companies = jobs.select("job_no", "bucket", "company")
    job_companies, user_companies = _companies(connection, numbers, companies, len(names) + 1)
    skills = found.select("user_id", "skills").join(numbers, on="user_id")
    user_skills = (
        skills.select("user_no", pl.col("skills").alias("term")).explode("term").drop_nulls()
    )
    everyone = users.select("user_no", pl.lit(EVERY_JOB, NUMBER).alias("term"))
    every_job = jobs.select(
        "job_no",
        "bucket",
        pl.lit(EVERY_JOB, NUMBER).alias("term"),
        pl.lit(0, NUMBER).alias("value"),
    )
    in_bucket = job_skills.join(jobs.select("job_no", "bucket"), on="job_no").select(
        every_job.columns
    )
    return Prepared(
        jobs=jobs.select(
            "job_no", "job_id", "bucket", "mode_bit", "lo", "hi", "offer", "demand_bp", "weight"
        ),
        job_terms=pl.concat([every_job, in_bucket, job_companies]),
        users=users.select("user_no", "user_id", "num_kept", "years", "expected", "modes"),
        user_buckets=_user_buckets(connection, users, roles, cities, buckets),
        user_terms=pl.concat([everyone, user_skills, user_companies]),
        model=model,
    )


def _model(path: Path) -> Model:
    weights = json.loads(path.read_text())
    units = {name: round(value * 10_000) for name, value in weights.items()}
    return Model(
        skills=units["skills_match_weight"],
        experience=units["experience_weight"],
        demand=units["market_demand_weight"],
        salary=units["salary_align_weight"],
        bonus_bp=(units["dream_company_score_bonus"] + 50) // 100,
        least_fit=max(40, math.ceil(units["min_fit_score_threshold"] / 10_000)),
        apply=math.ceil(units["apply_recommend_threshold"] / 10_000),
    )


def _plain(name: str) -> pl.Expr:
    """Trimmed, lower case; empty is null."""
    text = pl.col(name).str.strip_chars().str.to_lowercase()
    return pl.when(text != "").then(text).alias(name)


def _numbered(frame: pl.DataFrame, name: str, first: int = 0) -> pl.DataFrame:
    """The distinct values of a column, numbered."""
    values = frame.select(name).drop_nulls().unique(maintain_order=True)
    number = pl.int_range(first, first + pl.len(), dtype=NUMBER).alias(f"{name}_number")
    return values.with_columns(number)


def _jobs(connection: psycopg.Connection) -> pl.DataFrame:
    rows = read(
        connection,
        "select id, role_family, seniority_level, city_canonical, work_mode, company_canonical,"
        " (exp_min_years * 10)::int, (exp_max_years * 10)::int,"
        " (coalesce(salary_max_lpa, salary_min_lpa) * 100)::int"
        f" from jobs where {SCOREABLE} order by posted_at desc nulls last, id",
        job_id=TEXT, family=TEXT, level=TEXT, city=TEXT, mode=TEXT, company=TEXT,
        lo=NUMBER, hi=NUMBER, offer=NUMBER,
    )  # fmt: skip
    level = pl.col("level").replace_strict(LEVELS, default=0, return_dtype=NUMBER)
    by_level = [
        level.replace_strict({k: v[end] for k, v in BANDS.items()}, default=-1, return_dtype=NUMBER)
        for end in (0, 1)
    ]
    given = pl.col("lo").is_not_null() | pl.col("hi").is_not_null()
    return rows.with_row_index("job_no").with_columns(
        pl.col("job_no").cast(NUMBER),
        _plain("city"),
        level,
        lo=pl.when(given).then(pl.col("lo").fill_null(0)).otherwise(by_level[0]),
        hi=pl.when(given).then(pl.col("hi").fill_null(600)).otherwise(by_level[1]),
        mode_bit=pl.col("mode").replace_strict(MODES, default=NO_MODE, return_dtype=NUMBER),
    )


def _job_skills(
    connection: psycopg.Connection, jobs: pl.DataFrame, aliases: dict[str, str]
) -> tuple[pl.DataFrame, list[str]]:
    """The skills of scoreable jobs as terms (their number + 1) with weights; and their names."""
    rows = read(
        connection,
        "select job_id, skill_name, skill_type = 'required' from job_skills",
        job_id=TEXT, spelling=TEXT, required=TEXT,
    ).join(jobs.select("job_no", "job_id"), on="job_id")  # fmt: skip
    spellings = rows.select("spelling").unique(maintain_order=True)
    named = [canonical(spelling) for spelling in spellings["spelling"]]
    named = spellings.with_columns(skill=pl.Series([aliases.get(name, name) for name in named]))
    named = named.filter(pl.col("skill") != "")
    names = _numbered(named, "skill", first=EVERY_JOB + 1)
    terms = named.join(names, on="skill").select("spelling", term="skill_number")
    listed = (
        rows.join(terms, on="spelling")
        .group_by("job_no", "term")
        .agg((pl.col("required") == "t").any())
    )
    rarity = listed.group_by("term").len("df")
    floor_log2 = np.frexp(len(jobs) // rarity["df"].to_numpy())[1] - 1
    rarity = rarity.with_columns(
        rarity=pl.when(pl.col("df") < 5).then(1).otherwise(pl.Series(floor_log2).clip(1, 8))
    )
    value = (pl.col("rarity") * (1 + pl.col("required").cast(NUMBER))).cast(NUMBER)
    weighed = listed.join(rarity, on="term").select("job_no", "term", value=value)
    return weighed, names["skill"].to_list()


def _with_market(
    connection: psycopg.Connection, jobs: pl.DataFrame, cities: pl.DataFrame
) -> pl.DataFrame:
    """With demand, and the benchmark where no salary is listed."""
    remote = pl.col("mode_bit") == MODES["remote"]
    jobs = jobs.with_columns(
        market=pl.when(remote).then(pl.lit("remote")).otherwise(pl.col("city").fill_null("-"))
    ).with_columns(demand_bp=(20 * pl.len().over("family", "market")).clip(0, 10_000).cast(NUMBER))
    rows = read(
        connection,
        "select role_category, city, (exp_years_min * 10)::int, (exp_years_max * 10)::int,"
        " (p50_lpa * 100)::int, data_month from salary_benchmarks",
        family=TEXT, market=TEXT, from_lo=NUMBER, below_lo=NUMBER, p50=NUMBER, month=TEXT,
    ).with_columns(_plain("market"))  # fmt: skip
    bands = jobs.filter(pl.col("lo") >= 0).select("family", "market", "lo").unique()
    first = (
        bands.join(rows, on=["family", "market"])
        .filter(pl.col("lo").is_between("from_lo", "below_lo", closed="left"))
        .sort(["month", "from_lo", "below_lo", "p50"], descending=[True, False, False, False])
        .unique(["family", "market", "lo"], keep="first", maintain_order=True)
    )
    first = first.select("family", "market", "lo", "p50")
    return jobs.join(
        first, on=["family", "market", "lo"], how="left", maintain_order="left"
    ).with_columns(pl.coalesce("offer", "p50").fill_null(-1).alias("offer"))


def _with_buckets(jobs: pl.DataFrame, cities: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """With the place and the bucket; and the buckets."""
    remote = pl.col("mode_bit") == MODES["remote"]
    city = pl.col("city_number").fill_null(NO_PLACE)
    jobs = jobs.join(cities, on="city", how="left", maintain_order="left").with_columns(
        place=pl.when(remote).then(REMOTE).otherwise(city).cast(NUMBER)
    )
    what = ["family", "level", "place"]
    buckets = jobs.select(what).unique().sort(what).with_row_index("bucket")
    buckets = buckets.with_columns(pl.col("bucket").cast(NUMBER))
    return jobs.join(buckets, on=what, maintain_order="left"), buckets


def _resumes(connection: psycopg.Connection, storage: Path, skills: Skills) -> pl.DataFrame:
    """Of the users with a readable resume: user_id, resume_years, resume_level, skills (terms)."""
    primary = read(
        connection,
        "select user_id from resumes where is_primary and parse_status = 'done'",
        user_id=TEXT,
    )
    found = read_resumes(storage / "parsed-resumes", primary["user_id"].to_list(), skills)
    schema = {
        "user_id": TEXT, "resume_years": NUMBER, "resume_level": NUMBER, "skills": pl.List(NUMBER),
    }  # fmt: skip
    rows = [row for row in found if row is not None]
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(pl.col("skills").list.eval(pl.element() + EVERY_JOB + 1))


def _users(
    connection: psycopg.Connection, found: pl.DataFrame, roles: pl.DataFrame
) -> pl.DataFrame:
    rows = read(
        connection,
        "select id, tier = 'free', (experience_years * 10)::int, (expected_salary_lpa * 100)::int,"
        " array_to_string(work_modes_preferred, ',') from users order by id",
        user_id=TEXT, free=TEXT, years=NUMBER, expected=NUMBER, modes=TEXT,
    )  # fmt: skip
    years = pl.coalesce("years", "resume_years")
    by_years = (
        pl.when(years < 0).then(UNKNOWN).when(years < 10).then(ENTRY)
        .when(years < 30).then(LEVELS["junior"]).when(years < 60).then(LEVELS["mid"])
        .when(years < 100).then(LEVELS["senior"]).otherwise(LEVELS["lead"])
    )  # fmt: skip
    names_mode = pl.col("modes").fill_null("") != ""
    named = [pl.col("modes").str.contains(mode).cast(NUMBER) * bit for mode, bit in MODES.items()]
    wants = pl.when(names_mode).then(NO_MODE + pl.sum_horizontal(named)).otherwise(ANY_MODE)
    level = pl.when(pl.col("resume_level") > 0).then("resume_level").otherwise(by_years)
    return (
        rows.join(found, on="user_id", maintain_order="left")
        .join(roles, on="user_id", how="semi", maintain_order="left")
        .with_row_index("user_no")
        .with_columns(
            pl.col("user_no").cast(NUMBER),
            num_kept=pl.when(pl.col("free") == "t")
            .then(FREE_KEPT)
            .otherwise(PAID_KEPT)
            .cast(NUMBER),
            years=years.cast(NUMBER),
            level=level.cast(NUMBER),
            expected=pl.col("expected").fill_null(-1),
            modes=wants.cast(NUMBER),
        )
    )


def _user_buckets(
    connection: psycopg.Connection,
    users: pl.DataFrame,
    roles: pl.DataFrame,
    cities: pl.DataFrame,
    buckets: pl.DataFrame,
) -> pl.DataFrame:
    """Which buckets each user may be offered."""
    named = read(
        connection,
        "select id, city_canonical from users where city_canonical is not null"
        " union all select id, unnest(cities_preferred) from users",
        user_id=TEXT, city=TEXT,
    ).with_columns(_plain("city")).drop_nulls()  # fmt: skip
    somewhere = users.join(named, on="user_id", how="semi").select("user_no")
    anywhere = users.join(named, on="user_id", how="anti").select("user_no")
    places = pl.concat(
        [
            anywhere.join(buckets.select("place").unique(), how="cross"),
            somewhere.with_columns(pl.lit(REMOTE, NUMBER).alias("place")),
            users.join(named, on="user_id")
            .join(cities, on="city")
            .select("user_no", place="city_number"),
        ]
    ).unique()
    suits = [(of_user, of_job) for of_user, levels in SUITS.items() for of_job in levels]
    suits = pl.DataFrame(suits, schema={"level": NUMBER, "of_job": NUMBER}, orient="row")
    levels = (
        users.select("user_no", "level").join(suits, on="level").select("user_no", level="of_job")
    )
    families = (
        roles.join(users.select("user_id", "user_no"), on="user_id")
        .select("user_no", "family")
        .unique()
    )
    wanted = families.join(levels, on="user_no").join(places, on="user_no")
    return wanted.join(buckets, on=["family", "level", "place"]).select("user_no", "bucket")


def _companies(
    connection: psycopg.Connection, numbers: pl.DataFrame, jobs: pl.DataFrame, first_term: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Dream companies and blacklists as terms: those of the jobs, those of the users."""
    prefs = (
        read(
            connection,
            "select user_id, company_canonical, pref_type = 'blacklist' from user_company_prefs"
            " where pref_type in ('dream', 'blacklist')",
            user_id=TEXT, company=TEXT, blacklist=TEXT,
        )
        .join(numbers, on="user_id")
        .group_by("user_no", "company")
        .agg((pl.col("blacklist") == "t").any())
    )  # fmt: skip
    terms = (
        prefs.select("company", "blacklist")
        .unique()
        .join(jobs.select("company").unique(), on="company")
    )
    terms = terms.with_columns(
        term=pl.int_range(first_term, first_term + pl.len(), dtype=NUMBER),
        value=pl.when("blacklist").then(BLACKLIST).otherwise(DREAM).cast(NUMBER),
    )
    of_jobs = jobs.join(terms, on="company").select("job_no", "bucket", "term", "value")
    of_users = prefs.join(terms, on=["company", "blacklist"]).select("user_no", "term")
    return of_jobs, of_users
