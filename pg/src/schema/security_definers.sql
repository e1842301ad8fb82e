-- Functions that run with the rights of their owner and that role $1 (`public`: everyone) may
-- execute. Its own functions give a role nothing that it has not; a trigger's cannot be called.
select format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where p.prosecdef
  and n.nspname not in ('pg_catalog', 'information_schema')
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
  and p.proowner is distinct from (select r.oid from pg_roles r where r.rolname = $1)
  and has_schema_privilege($1, n.oid, 'usage')
  and has_function_privilege($1, p.oid, 'execute')
order by 1
