-- Indexes beyond the keys: uniqueness over a part of a table or an expression, the readers' paths,
-- and the far side of every foreign key whose parent is deleted (without it each deleted row scans
-- the child table). Each index costs every write to its table.

-- One primary resume per user.
create unique index if not exists resumes_primary_idx on resumes (user_id) where is_primary;

-- A skill once per job, whatever its case.
create unique index if not exists job_skills_job_id_skill_name_idx
  on job_skills (job_id, lower(skill_name));

-- One active prompt per agent.
create unique index if not exists prompt_versions_active_idx
  on prompt_versions (agent_name) where active;

-- Users whose stored scores are out of date.
create index if not exists users_stale_idx on users (id) where fit_scores_stale;

-- Jobs that can be scored, by what the prefilter asks first; and those no run has seen.
create index if not exists jobs_scoreable_idx on jobs (role_family) where is_active and jd_cleaned;
create index if not exists jobs_new_idx on jobs (id) where is_new;
-- Stale and dead jobs.
create index if not exists jobs_last_seen_at_idx on jobs (last_seen_at);

-- Scrape runs that wait for scoring.
create index if not exists scrape_runs_waiting_idx
  on scrape_runs (started_at) where not scoring_complete;

-- One user's scores, best first; expired rows; the dead jobs' rows (a hundred dead jobs took
-- 255 ms against 200,000 rows without it, 6 ms with it).
create index if not exists job_fit_scores_best_idx on job_fit_scores (user_id, fit_score desc);
create index if not exists job_fit_scores_expires_at_idx on job_fit_scores (expires_at);
create index if not exists job_fit_scores_job_id_idx on job_fit_scores (job_id);

create index if not exists user_fit_score_cursors_last_scrape_run_id_idx
  on user_fit_score_cursors (last_scrape_run_id);

create index if not exists job_applications_user_id_applied_at_idx
  on job_applications (user_id, applied_at desc);
create index if not exists job_applications_job_id_idx on job_applications (job_id);

create index if not exists notifications_user_id_created_at_idx
  on notifications (user_id, created_at desc);
create index if not exists notifications_expires_at_idx on notifications (expires_at);

create index if not exists learning_signals_user_id_idx on learning_signals (user_id);
create index if not exists learning_signals_expires_at_idx on learning_signals (expires_at);

create index if not exists agent_logs_agent_name_created_at_idx
  on agent_logs (agent_name, created_at desc);
create index if not exists agent_logs_user_id_idx on agent_logs (user_id);
create index if not exists agent_logs_expires_at_idx on agent_logs (expires_at);
