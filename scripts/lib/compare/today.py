"""The way it is done today: one user after the other, with queries, TF-IDF and plain Python.

For each user: a query for the jobs that pass the hard rules, scikit-learn's TF-IDF over these jobs
and the resume, the cosine in place of the skills component, the other components in a Python loop,
and the rows with their reasons written before the next user. No language model is called.
"""

import gzip
import json
import time
import uuid

import polars as pl
import psycopg
from psycopg.rows import dict_row
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import linear_kernel

from night import EXPIRES_AT, FIT_COLUMNS, WEEK, YEAR, Night
from prepared import PAID_KEPT

NAME = "Per user: SQL, scikit-learn, Python"

USER = """
    select u.experience_years, u.expected_salary_lpa, u.work_modes_preferred,
        lower(u.city_canonical) || u.cities_preferred as cities,
        array(select role_family from user_target_roles where user_id = u.id) as roles,
        array(select company_canonical from user_company_prefs
            where user_id = u.id and pref_type = 'dream') as dreams,
        array(select company_canonical from user_company_prefs
            where user_id = u.id and pref_type = 'blacklist') as blacklist
    from users u where id = %s"""
JOBS = """
    select j.id, j.title, j.company_canonical, j.city_canonical, j.work_mode, j.role_family,
        j.salary_min_lpa, j.salary_max_lpa, j.exp_min_years, j.exp_max_years, j.posted_at,
        array_agg(s.skill_name) as skills
    from jobs j left join job_skills s on s.job_id = j.id
    where j.is_active and j.jd_cleaned and j.role_family = any(%(roles)s)
        and (%(levels)s::text[] is null
            or coalesce(j.seniority_level, 'not_specified') = any(%(levels)s))
        and (%(cities)s::text[] = '{}' or j.work_mode = 'remote'
            or j.city_canonical = any(%(cities)s))
        and (%(modes)s::text[] = '{}' or j.work_mode is null or j.work_mode = any(%(modes)s))
        and not j.company_canonical = any(%(blacklist)s)
    group by j.id"""
MARKETS = """
    select role_family, case when work_mode = 'remote' then 'remote' else city_canonical end,
        count(*)
    from jobs where is_active and jd_cleaned and role_family is not null group by 1, 2"""


class Engine:
    """A loop over users."""

    def __init__(self, night: Night) -> None:
        """Counts the jobs of each market, once a night."""
        self.night = night
        self.connection = psycopg.connect(night.url, row_factory=dict_row)
        self.writer = psycopg.connect(night.url)
        markets = self.writer.execute(MARKETS)
        self.markets = {(family, place): count for family, place, count in markets}
        self.scoring_seconds = 0.0

    def score(self) -> None:
        """Scores and writes user after user; counts what is neither query nor file nor write."""
        users = self.night.prepared.users.select("user_id", "num_kept")
        for user_id, num_kept in users.iter_rows():
            user = self.connection.execute(USER, (user_id,)).fetchone()
            path = self.night.storage / f"parsed-resumes/{user_id}.json.gz"
            resume = json.loads(gzip.decompress(path.read_bytes()))
            jobs = self.connection.execute(JOBS, _asked(user, resume)).fetchall()
            start = time.perf_counter()
            best = self._best(user, resume, jobs, num_kept)
            rows = [self._row(user_id, fit, job, num_kept == PAID_KEPT) for fit, job in best]
            self.scoring_seconds += time.perf_counter() - start
            places = ", ".join(["%s"] * (len(FIT_COLUMNS) + 1))
            with self.writer.cursor() as cursor:
                cursor.executemany(
                    f"insert into job_fit_scores ({', '.join(FIT_COLUMNS)}, fit_reasons)"
                    f" values ({places})",
                    rows,
                )
            self.writer.commit()

    def kept(self) -> pl.DataFrame:
        """Nothing to compare: the cosine is another measure."""
        return pl.DataFrame()

    def write(self) -> None:
        """Nothing: each user's rows are written as they are found."""

    def _best(self, user: dict, resume: dict, jobs: list[dict], num_kept: int) -> list:
        if not jobs:
            return []
        said = " ".join([*(resume.get("skills") or []), resume.get("raw_text") or ""])
        texts = [f"{job['title']} {' '.join(filter(None, job['skills']))}" for job in jobs]
        vectors = TfidfVectorizer().fit_transform([said, *texts])
        cosines = linear_kernel(vectors[:1], vectors[1:])[0]
        years = _first(user["experience_years"], resume.get("experience_years"))
        weights = self.night.prepared.model
        scored = []
        for job, cosine in zip(jobs, cosines, strict=True):
            place = "remote" if job["work_mode"] == "remote" else job["city_canonical"]
            demand = min(1, self.markets[job["role_family"], place] / 500)
            parts = (
                weights.skills * cosine
                + weights.experience * _experience(years, job)
                + weights.demand * demand
                + weights.salary * _salary(user["expected_salary_lpa"], job)
            )
            fit = 100 * parts / weights.total
            if job["company_canonical"] in user["dreams"]:
                fit += weights.bonus_bp / 100
            fit = min(100, round(fit))
            if fit >= weights.least_fit:
                scored.append((fit, job))
        scored.sort(key=lambda pair: (-pair[0], pair[1]["id"]))
        return scored[:num_kept]

    def _row(self, user_id: str, fit: int, job: dict, pays: bool) -> tuple:
        apply = self.night.prepared.model.apply
        label = "strong" if fit >= 75 else "good" if fit >= 60 else "fair"
        advice = "apply" if fit >= apply else "consider" if fit >= apply - 20 else "skip"
        place = "Remote" if job["work_mode"] == "remote" else f"In {job['city_canonical']}"
        reasons = [f"Matches your skills at {fit} of 100", place] if pays else None
        return (
            uuid.uuid4(), user_id, job["id"], fit, label, advice, pays, WEEK, YEAR, EXPIRES_AT,
            reasons,
        )  # fmt: skip


def _asked(user: dict, resume: dict) -> dict:
    level = resume.get("seniority_level")
    levels = {None: None, "entry": ["intern", "junior"]}.get(level, [level])
    return {
        "roles": user["roles"],
        "levels": levels and [*levels, "not_specified"],
        "cities": [city for city in user["cities"] or [] if city],
        "modes": user["work_modes_preferred"] or [],
        "blacklist": user["blacklist"],
    }


def _first(*values: float | None) -> float | None:
    return next((float(value) for value in values if value is not None), None)


def _experience(years: float | None, job: dict) -> float:
    lo, hi = job["exp_min_years"], job["exp_max_years"]
    if years is None or (lo is None and hi is None):
        return 0.5
    if lo is not None and years < lo:
        return max(0, 1 - 0.25 * (float(lo) - years))
    if hi is not None and years > hi:
        return max(0.5, 1 - 0.1 * (years - float(hi)))
    return 1


def _salary(expected: float | None, job: dict) -> float:
    offer = _first(job["salary_max_lpa"], job["salary_min_lpa"])
    if offer is None or not expected:
        return 0.5
    return 1 if offer >= expected else max(0, 1 - 2 * (float(expected) - offer) / float(expected))
