-- Self-learning: signals, weekly figures, tunable weights, prompts and the log of every agent.

create table if not exists learning_signals (
  id uuid not null default gen_random_uuid(),
  -- Null for an event of the system itself.
  user_id uuid,
  signal_type text not null,
  context jsonb not null default '{}',
  expires_at timestamptz not null default (now() + interval '7 days'),
  created_at timestamptz not null default now(),
  constraint learning_signals_pkey primary key (id),
  constraint learning_signals_user_id_fkey foreign key (user_id)
    references users (id) on delete cascade,
  constraint learning_signals_signal_type_check check (signal_type in
    ('application_submitted', 'callback_received', 'rejection_received', 'ghosted',
     'low_score_callback', 'fit_score_overridden', 'fit_score_validated',
     'tailored_resume_callback', 'generic_resume_callback', 'followup_email_sent',
     'followup_email_replied', 'li_connection_accepted', 'li_connection_declined',
     'apply_failed_captcha', 'apply_failed_session'))
);

-- Never deleted: see 0008_rules.sql. A null platform, seniority or role_family means all of them.
create table if not exists model_performance_snapshots (
  id uuid not null default gen_random_uuid(),
  week_start_date date not null,
  agent_name text not null,
  platform text,
  seniority text,
  role_family text,
  applications_count integer not null default 0,
  callback_count integer not null default 0,
  callback_rate numeric(5,4),
  avg_fit_score numeric(5,2),
  tailored_callback_rate numeric(5,4),
  generic_callback_rate numeric(5,4),
  prompt_version_id uuid,
  created_at timestamptz not null default now(),
  constraint model_performance_snapshots_pkey primary key (id),
  constraint model_performance_snapshots_slice_key unique nulls not distinct
    (week_start_date, agent_name, platform, seniority, role_family),
  constraint model_performance_snapshots_week_start_date_check check
    (extract(isodow from week_start_date) = 1)
);

create table if not exists model_weights (
  id uuid not null default gen_random_uuid(),
  weight_name text not null,
  weight_value numeric(8,4) not null,
  min_value numeric(8,4) not null,
  max_value numeric(8,4) not null,
  description text,
  last_updated_at timestamptz not null default now(),
  updated_by text not null default 'seed',
  constraint model_weights_pkey primary key (id),
  constraint model_weights_weight_name_key unique (weight_name),
  constraint model_weights_weight_value_check check (weight_value between min_value and max_value)
);

-- One active prompt per agent: see 0009_indexes.sql.
create table if not exists prompt_versions (
  id uuid not null default gen_random_uuid(),
  agent_name text not null,
  version integer not null,
  prompt_text text not null,
  active boolean not null default false,
  performance_notes text,
  created_at timestamptz not null default now(),
  activated_at timestamptz,
  constraint prompt_versions_pkey primary key (id)
);

create table if not exists ab_test_runs (
  id uuid not null default gen_random_uuid(),
  agent_name text not null,
  variant_a_id uuid not null,
  variant_b_id uuid not null,
  status text not null default 'running',
  winner_id uuid,
  confidence_pct numeric(5,2),
  sample_size_a integer not null default 0,
  sample_size_b integer not null default 0,
  callback_rate_a numeric(5,4),
  callback_rate_b numeric(5,4),
  started_at timestamptz not null default now(),
  completed_at timestamptz,
  constraint ab_test_runs_pkey primary key (id),
  constraint ab_test_runs_variant_a_id_fkey foreign key (variant_a_id)
    references prompt_versions (id),
  constraint ab_test_runs_variant_b_id_fkey foreign key (variant_b_id)
    references prompt_versions (id),
  constraint ab_test_runs_winner_id_fkey foreign key (winner_id) references prompt_versions (id),
  constraint ab_test_runs_status_check check (status in ('running', 'completed', 'abandoned')),
  -- A check that is null passes: without the coalesce an unknown confidence would make a winner.
  constraint ab_test_runs_winner_id_check check
    (winner_id is null or coalesce(confidence_pct, 0) >= 95)
);

create table if not exists calibration_runs (
  id uuid not null default gen_random_uuid(),
  run_type text not null,
  status text not null,
  signal_count integer,
  weights_changed jsonb not null default '{}',
  top_finding text,
  storage_path text,
  run_at timestamptz not null default now(),
  duration_ms integer,
  constraint calibration_runs_pkey primary key (id),
  constraint calibration_runs_run_type_check check (run_type in ('layer2_daily', 'layer3_weekly')),
  constraint calibration_runs_status_check check
    (status in ('completed', 'skipped_insufficient_data', 'failed'))
);

-- The writer sets expires_at: three days for a success, 30 for an error.
create table if not exists agent_logs (
  id uuid not null default gen_random_uuid(),
  agent_name text not null,
  user_id uuid,
  status text not null,
  duration_ms integer,
  records_processed integer,
  error_message text,
  metadata jsonb not null default '{}',
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  constraint agent_logs_pkey primary key (id),
  constraint agent_logs_user_id_fkey foreign key (user_id) references users (id) on delete set null,
  constraint agent_logs_status_check check
    (status in ('started', 'completed', 'failed', 'skipped')),
  constraint agent_logs_error_message_check check (char_length(error_message) <= 500)
);
