-- Core user: who is scored, what they look for, which resume is theirs.
--
-- Every file here can be run again: tables, functions and seeds are made only where they are
-- missing. `talvix schema apply` also adds single columns, checks and indexes that an older
-- database lacks.

create table if not exists users (
  id uuid not null default gen_random_uuid(),
  email text not null,
  full_name text not null,
  avatar_url text,
  google_id text,
  oauth_access_token text,
  oauth_refresh_token text,
  tier text not null default 'free',
  subscription_started_at timestamptz,
  subscription_expires_at timestamptz,
  razorpay_subscription_id text,
  persona text,
  ai_generated_persona text,
  onboarding_completed boolean not null default false,
  dashboard_ready boolean not null default false,
  city_canonical text,
  cities_preferred text[] default '{}',
  work_modes_preferred text[] default '{}',
  current_salary_lpa numeric(6,2),
  expected_salary_lpa numeric(6,2),
  experience_years numeric(4,1),
  current_title text,
  wa_phone text,
  wa_opted_in boolean not null default false,
  wa_window_expires_at timestamptz,
  notif_prefs jsonb not null default '{}',
  fit_scores_stale boolean not null default true,
  skill_gap_stale boolean not null default true,
  career_intel_stale boolean not null default true,
  auto_apply_enabled boolean not null default false,
  auto_apply_paused boolean not null default false,
  auto_apply_activated_at timestamptz,
  daily_apply_limit integer not null default 10,
  daily_apply_count integer not null default 0,
  monthly_apply_count integer not null default 0,
  last_active_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint users_pkey primary key (id),
  constraint users_email_key unique (email),
  constraint users_google_id_key unique (google_id),
  constraint users_wa_phone_key unique (wa_phone),
  constraint users_tier_check check (tier in ('free', 'paid')),
  constraint users_persona_check check (persona in
    ('student', 'early_career', 'professional', 'switcher', 'returning', 'freelancer')),
  constraint users_work_modes_preferred_check check
    (work_modes_preferred <@ array['remote', 'hybrid', 'onsite']),
  constraint users_daily_apply_limit_check check (daily_apply_limit between 5 and 25),
  constraint users_daily_apply_count_check check (daily_apply_count >= 0),
  constraint users_monthly_apply_count_check check (monthly_apply_count >= 0)
) with (
  -- Every night flips flags of many users: at the default of 20 % vacuum would come too late.
  autovacuum_vacuum_scale_factor = 0.02
);

-- At most five rows per user: see 0008_rules.sql.
create table if not exists user_target_roles (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  role_family text not null,
  display_name text not null,
  priority integer not null default 1,
  created_at timestamptz not null default now(),
  constraint user_target_roles_pkey primary key (id),
  constraint user_target_roles_user_id_fkey foreign key (user_id)
    references users (id) on delete cascade,
  constraint user_target_roles_user_id_role_family_key unique (user_id, role_family),
  constraint user_target_roles_priority_check check (priority between 1 and 5)
);

create table if not exists user_company_prefs (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  company_canonical text not null,
  pref_type text not null,
  created_at timestamptz not null default now(),
  constraint user_company_prefs_pkey primary key (id),
  constraint user_company_prefs_user_id_fkey foreign key (user_id)
    references users (id) on delete cascade,
  constraint user_company_prefs_user_id_company_canonical_pref_type_key
    unique (user_id, company_canonical, pref_type),
  constraint user_company_prefs_company_canonical_check check
    (company_canonical = lower(company_canonical)),
  constraint user_company_prefs_pref_type_check check (pref_type in ('dream', 'blacklist'))
);

-- The parsed resume itself is in storage. One primary resume per user: see 0009_indexes.sql.
create table if not exists resumes (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  file_hash text not null,
  original_name text not null,
  file_type text not null,
  file_size_bytes integer,
  parse_status text not null default 'pending',
  parse_error text,
  summary jsonb not null default '{}',
  storage_path text,
  is_primary boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint resumes_pkey primary key (id),
  constraint resumes_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint resumes_user_id_file_hash_key unique (user_id, file_hash),
  constraint resumes_file_hash_check check (file_hash ~ '^[0-9a-f]{64}$'),
  constraint resumes_file_type_check check (file_type in ('pdf', 'docx')),
  constraint resumes_parse_status_check check
    (parse_status in ('pending', 'processing', 'done', 'failed'))
);
