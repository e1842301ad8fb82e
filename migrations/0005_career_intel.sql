-- Career intel: one row per user each, and the salary market they are held against.

create table if not exists skill_gap_results (
  user_id uuid not null,
  top_gaps jsonb not null default '[]',
  next_refresh_at timestamptz,
  last_refreshed_at timestamptz,
  storage_path text,
  constraint skill_gap_results_pkey primary key (user_id),
  constraint skill_gap_results_user_id_fkey foreign key (user_id)
    references users (id) on delete cascade,
  -- A list with no fourth element. Asking for its length would raise on anything but a list.
  constraint skill_gap_results_top_gaps_check check
    (jsonb_typeof(top_gaps) = 'array' and not (top_gaps @? '$[3]'))
);

create table if not exists career_intelligence (
  user_id uuid not null,
  career_score integer,
  score_components jsonb not null default '{}',
  market_demand_score integer,
  salary_p25_lpa numeric(6,2),
  salary_p50_lpa numeric(6,2),
  salary_p75_lpa numeric(6,2),
  salary_p90_lpa numeric(6,2),
  salary_role_category text,
  next_refresh_at timestamptz,
  last_refreshed_at timestamptz,
  storage_path text,
  constraint career_intelligence_pkey primary key (user_id),
  constraint career_intelligence_user_id_fkey foreign key (user_id)
    references users (id) on delete cascade,
  constraint career_intelligence_career_score_check check (career_score between 0 and 100),
  constraint career_intelligence_market_demand_score_check check
    (market_demand_score between 0 and 100)
);

create table if not exists salary_benchmarks (
  id uuid not null default gen_random_uuid(),
  role_category text not null,
  city text not null,
  exp_years_min numeric(4,1) not null,
  exp_years_max numeric(4,1) not null,
  p25_lpa numeric(6,2) not null,
  p50_lpa numeric(6,2) not null,
  p75_lpa numeric(6,2) not null,
  p90_lpa numeric(6,2) not null,
  sample_size integer not null default 0,
  data_month date not null,
  updated_at timestamptz not null default now(),
  constraint salary_benchmarks_pkey primary key (id),
  constraint salary_benchmarks_market_key
    unique (role_category, city, exp_years_min, exp_years_max, data_month)
);
