"""Holds the answers of talvix-analyst against SQL on the same files.

usage: check.py SNAPSHOTS RUN_A RUN_B COMPARE.json WHAT_IF.json

WHAT_IF.json is the answer about RUN_B. Every value that differs is printed; the status is 1 then.
"""

import json
import sys

import duckdb

WEIGHTS = [
    "skills_match_weight",
    "experience_weight",
    "market_demand_weight",
    "salary_align_weight",
    "min_fit_score_threshold",
    "apply_recommend_threshold",
    "dream_company_score_bonus",
]

root, run_a, run_b, compare_file, what_if_file = sys.argv[1:]
db = duckdb.connect()
for name in ["job_fit_scores", "scored_users", "scored_jobs"]:
    for side, run in [("a", run_a), ("b", run_b)]:
        # The key `run_id` is a UUID to DuckDB.
        db.execute(
            f"""create table {name}_{side} as
                select * exclude (run_date, run_id)
                from read_parquet('{root}/{name}/run_date=*/run_id=*/*.parquet',
                                  hive_partitioning = true)
                where run_id::varchar = '{run}'"""
        )

num_checked = 0
differences = []


def same(what, found, expected):
    global num_checked
    num_checked += 1
    if isinstance(expected, float) and isinstance(found, (int, float)):
        is_same = abs(found - expected) < 1e-9
    else:
        is_same = found == expected
    if not is_same:
        differences.append(f"{what}: talvix-analyst says {found}, SQL says {expected}")


def row(sql):
    cursor = db.execute(sql)
    return dict(zip([column[0] for column in cursor.description], cursor.fetchall()[0]))


def rows(sql):
    cursor = db.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values)) for values in cursor.fetchall()]


# --- compare ---

with open(compare_file) as file:
    answer = json.load(file)

db.execute(
    """create table users as
       select user_id, a.last_raw_bp as last_a, b.last_raw_bp as last_b,
              a.kept >= if(a.tier = 'free', 3, 25) as full_a,
              b.kept >= if(b.tier = 'free', 3, 25) as full_b
       from scored_users_a a join scored_users_b b using (user_id)
       where a.mode is not null and b.mode is not null
         and a.skipped_reason is null and b.skipped_reason is null"""
)
columns = [
    name
    for (name,) in db.execute(
        "select column_name from (describe job_fit_scores_a)"
    ).fetchall()
    if name not in ("user_id", "job_id")
]
differs = " or ".join(f"a.{name} is distinct from b.{name}" for name in columns)
flags = ", ".join(
    f"in_a and in_b and a.{name} is distinct from b.{name} as differs_{name}" for name in columns
)
db.execute(
    f"""create table pairs_of_both as
        with a as (select *, true as in_a from job_fit_scores_a),
             b as (select *, true as in_b from job_fit_scores_b)
        select user_id, job_id, coalesce(a.in_a, false) as in_a, coalesce(b.in_b, false) as in_b,
               in_a and in_b and ({differs}) as changed, {flags},
               a.raw_bp as raw_a, b.raw_bp as raw_b,
               if(in_a and in_b, b.fit_score - a.fit_score, null) as points,
               ja.role_family as family_a, jb.role_family as family_b,
               full_a, full_b, last_a, last_b
        from a full join b using (user_id, job_id)
        join users using (user_id)
        left join scored_jobs_a ja using (job_id)
        left join scored_jobs_b jb using (job_id)"""
)

expected = row(
    """with a as (select user_id from scored_users_a where mode is not null and skipped_reason is null),
            b as (select user_id from scored_users_b where mode is not null and skipped_reason is null)
       select (select count(*) from a) as a, (select count(*) from b) as b,
              (select count(*) from users) as both,
              (select count(*) from a anti join b using (user_id)) as only_a,
              (select count(*) from b anti join a using (user_id)) as only_b"""
)
expected |= row(
    """with each as (
           select user_id, count(job_id) filter (not in_a) as came,
                  count(job_id) filter (not in_b) as went,
                  coalesce(bool_or(changed), false) as changed
           from users left join pairs_of_both using (user_id) group by user_id)
       select count(*) filter (came > 0 and went = 0) as gained,
              count(*) filter (came = 0 and went > 0) as lost,
              count(*) filter (came > 0 and went > 0) as gained_and_lost,
              count(*) filter (came = 0 and went = 0 and changed) as changed,
              count(*) filter (came = 0 and went = 0 and not changed) as same
       from each"""
)
for key, value in expected.items():
    same(f"users.{key}", answer["users"][key], value)

expected = row(
    """select (select count(*) from job_fit_scores_a) as a,
              (select count(*) from job_fit_scores_b) as b,
              count(*) filter (in_a) as compared_a, count(*) filter (in_b) as compared_b,
              count(*) filter (in_a and in_b) as both,
              count(*) filter (not in_b) as only_a, count(*) filter (not in_a) as only_b,
              count(*) filter (in_a and in_b and not changed) as same,
              count(*) filter (changed) as changed
       from pairs_of_both"""
)
for key, value in expected.items():
    same(f"rows.{key}", answer["rows"][key], value)
expected = row(
    "select "
    + ", ".join(f"count(*) filter (differs_{name}) as {name}" for name in columns)
    + " from pairs_of_both"
)
same("rows.changed_columns", answer["rows"]["changed_columns"], expected)

same(
    "lost",
    answer["lost"],
    row(
        """select count(*) as pairs,
                  count(*) filter (family_b is null) as job_gone,
                  count(*) filter (family_b is not null and full_b and raw_a <= last_b)
                      as outranked,
                  pairs - job_gone - outranked as other
           from pairs_of_both where not in_b"""
    ),
)
same(
    "gained",
    answer["gained"],
    row(
        """select count(*) as pairs,
                  count(*) filter (family_a is null) as job_came,
                  count(*) filter (family_a is not null and full_a and raw_b <= last_a)
                      as moved_up,
                  pairs - job_came - moved_up as other
           from pairs_of_both where not in_a"""
    ),
)
same(
    "jobs",
    answer["jobs"],
    row(
        """select count(a.job_id) as a, count(b.job_id) as b,
                  count(*) filter (a.job_id is not null and b.job_id is not null) as both,
                  count(*) filter (a.job_id is null) as came,
                  count(*) filter (b.job_id is null) as went
           from scored_jobs_a a full join scored_jobs_b b on a.job_id = b.job_id"""
    ),
)

FAMILY = """count(*) filter (in_a and in_b) as pairs,
            count(*) filter (points > 0) as rose, count(*) filter (points < 0) as fell,
            avg(points) as mean_points, median(points) as median_points"""
families = {family["name"]: family for family in answer["role_families"]}
for each in [{"name": "all"} | row(f"select {FAMILY} from pairs_of_both")] + rows(
    f"select coalesce(family_b, family_a) as name, {FAMILY} from pairs_of_both group by name"
):
    found = answer["drift"] if each["name"] == "all" else families[each["name"]]
    for key, value in each.items():
        same(f"family {each['name']}.{key}", found[key], value)
for side in ["a", "b"]:
    for each in rows(
        f"select family_{side} as name, count(*) as kept from pairs_of_both where in_{side} group by name"
    ):
        same(f"family {each['name']}.kept_{side}", families[each["name"]][f"kept_{side}"], each["kept"])
expected = rows(
    f"""select user_id, count(*) filter (not in_a) as gained, count(*) filter (not in_b) as lost,
               coalesce(sum(points), 0)::bigint as points
        from pairs_of_both group by user_id having gained + lost > 0
        order by gained + lost desc, user_id limit {len(answer['users_most_changed'])}"""
)
same("users_most_changed", answer["users_most_changed"], expected)

# --- what-if ---

with open(what_if_file) as file:
    answer = json.load(file)


def units(side):
    return [round(answer["weights"][side][name] * 10_000) for name in WEIGHTS]


*components, least, apply_new, bonus = units("after")
apply_old = units("before")[5]
cut = max(40, -(-least // 10_000))
bonus_bp = (bonus + 50) // 100
weighed = " + ".join(
    f"{weight}::bigint * {name}"
    for weight, name in zip(components, ["skills_bp", "experience_bp", "demand_bp", "salary_bp"])
)
db.execute(
    f"""create table again as
        with raw as (
            select user_id, job_id, rank as place_before, raw_bp as raw_before,
                   ({weighed}) // {sum(components)}
                       + if(dream_bonus_bp > 0, {bonus_bp}, 0) as raw_after
            from job_fit_scores_b),
        scored as (
            select *, least(100, (raw_before + 50) // 100) as score_before,
                   least(100, (raw_after + 50) // 100) as score_after
            from raw),
        placed as (
            select user_id, job_id,
                   row_number() over (partition by user_id
                                      order by raw_after desc, place_before) as place_after
            from scored where score_after >= {cut})
        select scored.*, place_after
        from scored left join placed using (user_id, job_id)"""
)
db.execute(
    """create table lists as
       with listed as (
           select user_id,
                  coalesce(list(job_id order by place_before), []) as before,
                  coalesce(list(job_id order by place_after)
                               filter (place_after is not null), []) as after
           from again group by user_id)
       select user_id, coalesce(before, []) as before, coalesce(after, []) as after
       from scored_users_b left join listed using (user_id)
       where mode is not null and skipped_reason is null"""
)
expected = row(
    """select count(*) as scored,
              count(*) filter (before[1] is distinct from after[1]) as top1_changed,
              count(*) filter (list_sort(before[1:3]) <> list_sort(after[1:3])) as top3_changed,
              count(*) filter (list_sort(before) <> list_sort(after)) as jobs_changed,
              count(*) filter (before = after) as unchanged,
              scored - jobs_changed - unchanged as order_changed,
              count(*) filter (len(list_intersect(before, after)) < len(after)) as gained,
              count(*) filter (len(list_intersect(before, after)) < len(before)) as lost
       from lists"""
)
for key, value in expected.items():
    same(f"what-if users.{key}", answer["users"][key], value)
expected = row(
    """select avg(len(list_intersect(before, after))
                  / len(list_distinct(before || after))) as overlap_mean,
              count(*) as overlap_users
       from lists where len(before) + len(after) > 0"""
)
expected |= row(
    """with placed as (
           select user_id,
                  row_number() over (partition by user_id order by place_before) as x,
                  row_number() over (partition by user_id order by place_after) as y
           from again where place_after is not null),
       each as (select corr(x, y) as rho from placed group by user_id having count(*) > 1)
       select avg(rho) as spearman_mean, count(*) as spearman_users from each"""
)
for key, value in expected.items():
    same(f"what-if {key}", answer[key], value)
expected = row(
    """select count(*) as before, count(place_after) as after, count(place_after) as both,
              0 as gained, count(*) - count(place_after) as lost,
              count(*) filter (place_after is not null and score_before <> score_after)
                  as scores_changed
       from again"""
)
same("what-if pairs", answer["pairs"], expected)


def label(score):
    return f"case when {score} >= 75 then 'strong' when {score} >= 60 then 'good' else 'fair' end"


def advice(score, units_of_apply):
    least = -(-units_of_apply // 10_000)
    return (
        f"case when {score} >= {least} then 'apply'"
        f" when {score} + 20 >= {least} then 'consider' else 'skip' end"
    )


for name, before, after in [
    ("labels", label("score_before"), label("score_after")),
    ("recommendations", advice("score_before", apply_old), advice("score_after", apply_new)),
]:
    expected = rows(
        f"""select {before} as before, {after} as after, count(*) as pairs
            from again where place_after is not null group by 1, 2 order by 1, 2"""
    )
    found = [each for each in answer[name] if each["pairs"] > 0]
    same(f"what-if {name}", sorted(found, key=lambda each: (each["before"], each["after"])), expected)
for name, column in [("role_families", "role_family"), ("cities", "market_city")]:
    expected = rows(
        f"""select {column} as name, count(again.job_id) as before, count(place_after) as after,
                   0 as gained, count(again.job_id) - count(place_after) as lost
            from scored_jobs_b left join again using (job_id)
            group by 1 order by before + after desc, 1"""
    )
    same(f"what-if {name}", answer[name], expected)
expected = rows(
    f"""select job_id, role_family, market_city as city, count(*) as before,
               count(place_after) as after
        from again join scored_jobs_b using (job_id)
        group by 1, 2, 3 having before > after
        order by before - after desc, 1 limit {len(answer['jobs']['losers'])}"""
)
same("what-if jobs.losers", answer["jobs"]["losers"], expected)

for difference in differences:
    print(difference)
print(f"{num_checked} values checked with DuckDB {duckdb.__version__}, {len(differences)} differ")
sys.exit(1 if differences else 0)
