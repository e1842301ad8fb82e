-- Commands of the run for which row-level security would hide rows from role $1: security is on,
-- the role is not above it, and either no policy opens all rows or a restrictive one narrows them.
-- Hidden rows raise no error: a run would score nobody, and say that all is well.
with run (table_name, command, code) as (values
  ('users', 'select', 'r'), ('users', 'update', 'w'),
  ('resumes', 'select', 'r'),
  ('jobs', 'select', 'r'), ('jobs', 'update', 'w'),
  ('job_skills', 'select', 'r'),
  ('user_target_roles', 'select', 'r'),
  ('user_company_prefs', 'select', 'r'),
  ('scrape_runs', 'select', 'r'), ('scrape_runs', 'update', 'w'),
  ('salary_benchmarks', 'select', 'r'),
  ('model_weights', 'select', 'r'),
  ('job_fit_scores', 'select', 'r'), ('job_fit_scores', 'insert', 'a'),
  ('job_fit_scores', 'update', 'w'), ('job_fit_scores', 'delete', 'd'),
  ('user_fit_score_cursors', 'select', 'r'), ('user_fit_score_cursors', 'insert', 'a'),
  ('user_fit_score_cursors', 'update', 'w'),
  ('agent_logs', 'select', 'r'), ('agent_logs', 'insert', 'a')
),
policy as (
  select p.polrelid, p.polcmd, p.polpermissive,
    coalesce(pg_get_expr(p.polqual, p.polrelid), 'true') as seen,
    coalesce(pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid), 'true')
      as written
  from pg_policy p, pg_roles who
  where who.rolname = $1
    and exists (select from unnest(p.polroles) r where r = 0 or pg_has_role(who.oid, r, 'usage'))
)
select run.table_name, run.command
from run
join pg_roles who on who.rolname = $1 and not who.rolsuper and not who.rolbypassrls
join pg_class c on c.relname = run.table_name and c.relnamespace = 'public'::regnamespace
where c.relrowsecurity
  and (c.relforcerowsecurity or not pg_has_role(who.oid, c.relowner, 'usage'))
  and (
    not exists (
      select from policy p
      where p.polrelid = c.oid and p.polpermissive and p.polcmd::text in (run.code, '*')
        and (run.code = 'a' or p.seen = 'true')
        and (run.code in ('r', 'd') or p.written = 'true'))
    or exists (
      select from policy p
      where p.polrelid = c.oid and not p.polpermissive and p.polcmd::text in (run.code, '*')))
order by 1, 2
