-- The 23 tunable weights. A weight that is there already keeps the value it was tuned to.

insert into model_weights (weight_name, weight_value, min_value, max_value) values
  ('skills_match_weight',          0.35, 0.20, 0.50),
  ('experience_weight',            0.25, 0.15, 0.35),
  ('market_demand_weight',         0.25, 0.15, 0.35),
  ('salary_align_weight',          0.20, 0.10, 0.30),
  ('min_fit_score_threshold',        40,   30,   55),
  ('apply_recommend_threshold',      75,   60,   85),
  ('followup_day1_delay',             7,    5,   10),
  ('followup_day2_delay',             7,    5,   14),
  ('followup_day3_delay',             7,    5,   14),
  ('li_connection_delay_days',        2,    1,    5),
  ('li_message_delay_hours',         48,   24,   96),
  ('li_daily_connections_cap',       15,   10,   25),
  ('li_daily_messages_cap',          30,   20,   40),
  ('li_daily_views_cap',             40,   25,   60),
  ('li_acceptance_rate_floor',     0.30, 0.20, 0.50),
  ('apply_window_start_hour',        20,   18,   22),
  ('apply_window_end_hour',           6,    4,    8),
  ('apply_slot_jitter_minutes',      15,    5,   30),
  ('tailored_resume_score_bonus',     5,    0,   15),
  ('dream_company_score_bonus',      10,    5,   20),
  ('max_weight_change_daily_pct',     5,    1,   10),
  ('max_weight_change_weekly_pct',   15,    5,   25),
  ('ab_test_confidence_threshold',   95,   90,   99)
on conflict (weight_name) do nothing;
