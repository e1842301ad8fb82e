-- Job pool: the postings, where they were seen, what they ask for, and the scraper's runs.

create table if not exists jobs (
  id uuid not null default gen_random_uuid(),
  fingerprint text not null,
  title text not null,
  company text not null,
  company_canonical text not null,
  city_canonical text,
  state text,
  country text not null default 'india',
  work_mode text,
  employment_type text,
  seniority_level text,
  role_family text,
  jd_summary text,
  apply_url text,
  salary_min_lpa numeric(6,2),
  salary_max_lpa numeric(6,2),
  exp_min_years numeric(4,1),
  exp_max_years numeric(4,1),
  posted_at timestamptz,
  last_seen_at timestamptz not null default now(),
  is_active boolean not null default true,
  is_new boolean not null default true,
  jd_cleaned boolean not null default false,
  created_at timestamptz not null default now(),
  constraint jobs_pkey primary key (id),
  constraint jobs_fingerprint_key unique (fingerprint),
  constraint jobs_fingerprint_check check (fingerprint ~ '^[0-9a-f]{64}$'),
  constraint jobs_work_mode_check check (work_mode in ('remote', 'hybrid', 'onsite')),
  constraint jobs_employment_type_check check
    (employment_type in ('full_time', 'part_time', 'contract', 'internship')),
  constraint jobs_seniority_level_check check
    (seniority_level in ('intern', 'junior', 'mid', 'senior', 'lead', 'not_specified'))
);

create table if not exists job_sources (
  id uuid not null default gen_random_uuid(),
  job_id uuid not null,
  platform text not null,
  apply_url text not null,
  scraped_at timestamptz not null default now(),
  constraint job_sources_pkey primary key (id),
  constraint job_sources_job_id_fkey foreign key (job_id) references jobs (id) on delete cascade,
  constraint job_sources_job_id_platform_key unique (job_id, platform),
  constraint job_sources_platform_check check (platform in
    ('indeed', 'linkedin', 'glassdoor', 'google', 'naukri', 'internshala', 'foundit', 'shine',
     'timesjobs', 'cutshort'))
);

-- A skill once per job, whatever its case: see 0009_indexes.sql.
create table if not exists job_skills (
  id uuid not null default gen_random_uuid(),
  job_id uuid not null,
  skill_name text not null,
  skill_type text not null,
  constraint job_skills_pkey primary key (id),
  constraint job_skills_job_id_fkey foreign key (job_id) references jobs (id) on delete cascade,
  constraint job_skills_skill_type_check check (skill_type in ('required', 'nice_to_have'))
);

create table if not exists scrape_runs (
  id uuid not null default gen_random_uuid(),
  scrape_date date not null default current_date,
  total_scraped integer not null default 0,
  total_new integer not null default 0,
  total_refreshed integer not null default 0,
  source_counts jsonb not null default '{}',
  source_failures text[] default '{}',
  has_new_jobs boolean not null default false,
  scoring_complete boolean not null default false,
  started_at timestamptz not null default now(),
  completed_at timestamptz,
  constraint scrape_runs_pkey primary key (id)
);
