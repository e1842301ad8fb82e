"""The rules in SQL, for every engine that speaks it."""

from prepared import DREAM, Model

# The tables that a query reads, and their columns, all of them integers.
TABLES = {
    "jobs": ["job_no", "bucket", "mode_bit", "lo", "hi", "offer", "demand_bp", "weight"],
    "job_terms": ["job_no", "bucket", "term", "value"],
    "users": ["user_no", "num_kept", "years", "expected", "modes"],
    "user_buckets": ["user_no", "bucket"],
    "user_terms": ["user_no", "term"],
}


def raw_bp(model: Model, div: str) -> str:
    """The raw score of a job `j` for a user `u`, where the terms they share add up to `total`."""
    skills = (
        f"case when j.weight = 0 then 5000 else 10000 * (total % {DREAM}) {div} (j.weight + 8) end"
    )
    experience = (
        "case when u.years < 0 or j.lo < 0 then 5000"
        " when u.years < j.lo then greatest(0, 10000 - 250 * (j.lo - u.years))"
        " when u.years > j.hi then greatest(5000, 10000 - 100 * (u.years - j.hi))"
        " else 10000 end"
    )
    salary = (
        "case when j.offer < 0 or u.expected <= 0 then 5000"
        " when j.offer >= u.expected then 10000"
        " else greatest("
        f"0, 10000 - cast(20000 as bigint) * (u.expected - j.offer) {div} u.expected) end"
    )
    return (
        f"({model.skills} * ({skills}) + {model.experience} * ({experience})"
        f" + {model.demand} * j.demand_bp + {model.salary} * ({salary})) {div} {model.total}"
        f" + case when total >= {DREAM} then {model.bonus_bp} else 0 end"
    )
