-- Applications: what was applied for, through which connections, within which limits.

-- The history outlives the job: its reference is emptied, the row stays.
create table if not exists job_applications (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  job_id uuid,
  status text not null default 'applied',
  auto_status text,
  method text not null default 'manual',
  platform text,
  tier_at_apply text,
  fit_score_at_apply integer,
  tailored_resume_path text,
  cover_letter_path text,
  retry_count integer not null default 0,
  failure_note text,
  fu_stopped boolean not null default false,
  fu_stop_reason text,
  fu_email_1_sent_at timestamptz,
  fu_email_2_sent_at timestamptz,
  fu_close_loop_sent_at timestamptz,
  li_recruiter_name text,
  li_recruiter_url text,
  li_connection_sent_at timestamptz,
  li_connection_status text,
  li_message_sent_at timestamptz,
  applied_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint job_applications_pkey primary key (id),
  constraint job_applications_user_id_fkey foreign key (user_id)
    references users (id) on delete cascade,
  constraint job_applications_job_id_fkey foreign key (job_id)
    references jobs (id) on delete set null,
  constraint job_applications_status_check check (status in
    ('applied', 'viewed', 'callback', 'interview', 'offer', 'rejected', 'withdrawn', 'ghosted')),
  constraint job_applications_auto_status_check check (auto_status in
    ('queued', 'in_progress', 'submitted', 'failed_captcha', 'failed_session', 'failed_not_found',
     'skipped_review', 'deferred_cooldown')),
  constraint job_applications_method_check check (method in ('auto', 'manual')),
  constraint job_applications_platform_check check (platform in
    ('indeed', 'linkedin', 'glassdoor', 'google', 'naukri', 'internshala', 'foundit', 'shine',
     'timesjobs', 'cutshort')),
  constraint job_applications_tier_at_apply_check check (tier_at_apply in ('1', '2')),
  constraint job_applications_fit_score_at_apply_check check (fit_score_at_apply between 0 and 100),
  constraint job_applications_retry_count_check check (retry_count >= 0),
  constraint job_applications_fu_stop_reason_check check
    (fu_stop_reason in ('reply_received', 'rejected', 'withdrawn', 'manual')),
  constraint job_applications_li_connection_status_check check
    (li_connection_status in ('pending', 'accepted', 'withdrawn', 'declined'))
);

-- Holds sealed sessions. Nothing of talvix reads this table.
create table if not exists user_connections (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  platform text not null,
  session_encrypted text,
  session_iv text,
  is_valid boolean not null default true,
  consecutive_failures integer not null default 0,
  estimated_expires_at timestamptz,
  user_agent text,
  viewport text,
  warning_7d_sent boolean not null default false,
  warning_3d_sent boolean not null default false,
  warning_1d_sent boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint user_connections_pkey primary key (id),
  constraint user_connections_user_id_fkey foreign key (user_id)
    references users (id) on delete cascade,
  constraint user_connections_user_id_platform_key unique (user_id, platform),
  constraint user_connections_platform_check check (platform in ('linkedin', 'indeed')),
  constraint user_connections_consecutive_failures_check check (consecutive_failures >= 0),
  constraint user_connections_viewport_check check (viewport in ('1366x768', '1920x1080'))
);

create table if not exists linkedin_daily_limits (
  user_id uuid not null,
  limit_date date not null default current_date,
  connections_sent integer not null default 0,
  messages_sent integer not null default 0,
  profile_views integer not null default 0,
  paused_until timestamptz,
  constraint linkedin_daily_limits_pkey primary key (user_id, limit_date),
  constraint linkedin_daily_limits_user_id_fkey foreign key (user_id)
    references users (id) on delete cascade,
  constraint linkedin_daily_limits_connections_sent_check check (connections_sent >= 0),
  constraint linkedin_daily_limits_messages_sent_check check (messages_sent >= 0),
  constraint linkedin_daily_limits_profile_views_check check (profile_views >= 0)
);
