-- The role of the nightly run, with what it needs and nothing else. Run by an owner of the tables,
-- as often as you like:
--
--   psql -v ON_ERROR_STOP=1 -1 -f talvix_engine.sql
--
-- The role is made without a password and so cannot log in by one. Set it by hand, so that it
-- stands in no file:
--
--   \password talvix_engine
--
-- Where tables have row-level security on, the policies at the end open them to this role. The
-- alternative, for whoever may grant it, is
--
--   alter role talvix_engine bypassrls;
--
-- which also allows COPY straight into job_fit_scores.

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'talvix_engine') then
    begin
      create role talvix_engine login;
    exception when duplicate_object or unique_violation then
      -- Roles are shared by all databases of a server: another one was first.
      null;
    end;
  end if;
  execute format('grant connect, temporary on database %I to talvix_engine', current_database());
end
$$;

grant usage on schema public to talvix_engine;

-- Reading. Column by column where a table holds names, addresses, tokens or texts that scoring has
-- no use for; `xmin` tells whether a row changed since it was read.
grant select (id, tier, city_canonical, cities_preferred, work_modes_preferred,
              expected_salary_lpa, experience_years, fit_scores_stale, skill_gap_stale,
              career_intel_stale, dashboard_ready, xmin)
  on public.users to talvix_engine;
grant select (id, user_id, file_hash, parse_status, is_primary, updated_at, xmin)
  on public.resumes to talvix_engine;
grant select (id, company_canonical, city_canonical, work_mode, seniority_level, role_family,
              salary_min_lpa, salary_max_lpa, exp_min_years, exp_max_years, posted_at, is_active,
              is_new, jd_cleaned, xmin)
  on public.jobs to talvix_engine;
grant select on public.job_skills to talvix_engine;
grant select (id, user_id, role_family, priority) on public.user_target_roles to talvix_engine;
grant select (user_id, company_canonical, pref_type)
  on public.user_company_prefs to talvix_engine;
grant select (id, started_at, completed_at, scoring_complete)
  on public.scrape_runs to talvix_engine;
grant select on public.salary_benchmarks, public.model_weights to talvix_engine;

-- Writing. A grant to update one column is also what lets the run hold a user or a job in place
-- (`for key share`) while it writes their scores.
grant select, insert, update, delete on public.job_fit_scores to talvix_engine;
grant select, insert, update on public.user_fit_score_cursors to talvix_engine;
grant update (fit_scores_stale, dashboard_ready) on public.users to talvix_engine;
grant update (is_new) on public.jobs to talvix_engine;
grant update (scoring_complete) on public.scrape_runs to talvix_engine;
-- Reading the log back tells which runs finished.
grant insert, select (id, agent_name, status, metadata, created_at)
  on public.agent_logs to talvix_engine;

-- A function that runs any text as its owner would open every table to everyone.
do $$
begin
  if to_regprocedure('public.sql_query(text)') is not null then
    revoke execute on function public.sql_query(text) from public;
  end if;
end
$$;

-- Row-level security: all rows, for the commands granted above. Without effect where it is off.
do $$
declare
  grant_ record;
  policy text;
begin
  for grant_ in
    select * from (values
      ('users', 'select'), ('users', 'update'),
      ('resumes', 'select'),
      ('jobs', 'select'), ('jobs', 'update'),
      ('job_skills', 'select'),
      ('user_target_roles', 'select'),
      ('user_company_prefs', 'select'),
      ('scrape_runs', 'select'), ('scrape_runs', 'update'),
      ('salary_benchmarks', 'select'),
      ('model_weights', 'select'),
      ('job_fit_scores', 'select'), ('job_fit_scores', 'insert'),
      ('job_fit_scores', 'update'), ('job_fit_scores', 'delete'),
      ('user_fit_score_cursors', 'select'), ('user_fit_score_cursors', 'insert'),
      ('user_fit_score_cursors', 'update'),
      ('agent_logs', 'select'), ('agent_logs', 'insert')
    ) as grants (table_name, command)
  loop
    policy := 'talvix_engine_' || grant_.command;
    execute format('drop policy if exists %I on public.%I', policy, grant_.table_name);
    execute format('create policy %I on public.%I for %s to talvix_engine %s %s',
      policy, grant_.table_name, grant_.command,
      case when grant_.command <> 'insert' then 'using (true)' end,
      case when grant_.command in ('insert', 'update') then 'with check (true)' end);
  end loop;
end
$$;
