-- Rules that no constraint can state.

-- At most five target roles per user.
--
-- After the row, not before it: an insert that ends in `on conflict do update` adds none and must
-- pass. Two sessions that add at the same time would each miss the other's row, so both take the
-- user's lock first; the count, a statement of its own, then sees what the other has committed.
-- 256 locks stand for all users: one each would fill the server's lock table in a bulk load.
create or replace function user_target_roles_at_most_five() returns trigger
language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext('user_target_roles'), hashtext(new.user_id::text) & 255);
  if (select count(*) from public.user_target_roles where user_id = new.user_id) > 5 then
    raise exception 'a user has at most five target roles'
      using errcode = 'check_violation', table = 'user_target_roles',
            constraint = 'user_target_roles_at_most_five';
  end if;
  return null;
end
$$;

create or replace trigger user_target_roles_at_most_five
  after insert or update of user_id on user_target_roles
  for each row execute function user_target_roles_at_most_five();

-- The weekly figures are the only memory of weeks whose signals have expired.
create or replace function model_performance_snapshots_keep() returns trigger
language plpgsql as $$
begin
  raise exception 'rows of model_performance_snapshots are never deleted'
    using errcode = 'restrict_violation', table = 'model_performance_snapshots';
end
$$;

create or replace trigger model_performance_snapshots_keep
  before delete or truncate on model_performance_snapshots
  for each statement execute function model_performance_snapshots_keep();
