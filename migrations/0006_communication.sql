-- Communication: what users are told, and whether the messenger bot is up.

-- The writer sets expires_at: seven days for high priority, 48 hours for low.
create table if not exists notifications (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  channel text not null,
  event_type text not null,
  priority text not null default 'low',
  title text,
  body text not null,
  metadata jsonb not null default '{}',
  status text not null default 'pending',
  read_at timestamptz,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  constraint notifications_pkey primary key (id),
  constraint notifications_user_id_fkey foreign key (user_id)
    references users (id) on delete cascade,
  constraint notifications_channel_check check (channel in ('whatsapp', 'dashboard', 'email')),
  constraint notifications_priority_check check (priority in ('high', 'low')),
  constraint notifications_status_check check (status in ('pending', 'sent', 'read', 'failed'))
);

-- One row, for one bot.
create table if not exists wa_bot_health (
  id integer not null default 1,
  status text not null default 'disconnected',
  qr_code text,
  connected_at timestamptz,
  last_ping_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint wa_bot_health_pkey primary key (id),
  constraint wa_bot_health_id_check check (id = 1),
  constraint wa_bot_health_status_check check
    (status in ('connected', 'disconnected', 'qr_pending', 'error'))
);
