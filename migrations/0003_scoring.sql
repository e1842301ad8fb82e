-- Scoring: what the nightly run writes.

create table if not exists job_fit_scores (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  job_id uuid not null,
  fit_score integer not null,
  fit_label text not null,
  recommendation text not null,
  fit_reasons text[],
  missing_skills text[],
  strengths text[],
  is_full_score boolean not null default false,
  week_number integer not null,
  year_number integer not null,
  expires_at timestamptz not null default (now() + interval '14 days'),
  created_at timestamptz not null default now(),
  constraint job_fit_scores_pkey primary key (id),
  constraint job_fit_scores_user_id_fkey foreign key (user_id)
    references users (id) on delete cascade,
  constraint job_fit_scores_job_id_fkey foreign key (job_id) references jobs (id) on delete cascade,
  constraint job_fit_scores_user_id_job_id_key unique (user_id, job_id),
  constraint job_fit_scores_fit_score_check check (fit_score between 40 and 100),
  constraint job_fit_scores_fit_label_check check (fit_label in ('strong', 'good', 'fair')),
  constraint job_fit_scores_recommendation_check check
    (recommendation in ('apply', 'consider', 'skip'))
) with (
  -- A week's rows are replaced by the next: at the default of 20 % half a million dead rows wait.
  autovacuum_vacuum_scale_factor = 0.02
);

create table if not exists user_fit_score_cursors (
  user_id uuid not null,
  last_scrape_run_id uuid,
  last_scored_at timestamptz,
  updated_at timestamptz not null default now(),
  constraint user_fit_score_cursors_pkey primary key (user_id),
  constraint user_fit_score_cursors_user_id_fkey foreign key (user_id)
    references users (id) on delete cascade,
  constraint user_fit_score_cursors_last_scrape_run_id_fkey foreign key (last_scrape_run_id)
    references scrape_runs (id) on delete set null
) with (
  -- Every row changes every night.
  autovacuum_vacuum_scale_factor = 0.02
);
