-- What schema `public` holds, one row per thing: kind, table, name, detail, definition.
--
-- Definitions are the server's own wording, without names, so that a key made as a constraint
-- equals one made as a unique index, and a name somebody else chose does not matter. Foreign keys
-- and functions are worded relative to the search path: run with `public` in it.
select kind, table_name, name, detail, definition
from (
  select 'table' as kind, c.relname::text as table_name, '' as name, '' as detail, '' as definition
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')

  union all
  -- detail: the type; definition: what follows it in `add column`
  select 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
    concat_ws(' ', case when a.attnotnull then 'not null' end,
                   'default ' || pg_get_expr(d.adbin, d.adrelid))
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')

  union all
  -- detail: the columns, so that a rule over the same columns in other words can be told apart
  select 'constraint', c.relname, n.conname,
    (select string_agg(a.attname, ',' order by a.attnum) from pg_attribute a
     where a.attrelid = c.oid and a.attnum = any (n.conkey)),
    pg_get_constraintdef(n.oid)
  from pg_constraint n
  join pg_class c on c.oid = n.conrelid
  where c.relnamespace = 'public'::regnamespace and n.contype in ('c', 'f', 'p')

  union all
  -- the unique ones among them stand for unique constraints, too
  select 'index', c.relname, i.relname, '',
    regexp_replace(pg_get_indexdef(x.indexrelid), '^CREATE (UNIQUE )?INDEX .*? ON ',
                   'CREATE \1INDEX ON ')
  from pg_index x
  join pg_class i on i.oid = x.indexrelid
  join pg_class c on c.oid = x.indrelid
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    and x.indisvalid and not x.indisprimary

  union all
  select 'trigger', c.relname, t.tgname, '',
    regexp_replace(pg_get_triggerdef(t.oid), '^CREATE TRIGGER .*? (?=BEFORE|AFTER)', '')
  from pg_trigger t
  join pg_class c on c.oid = t.tgrelid
  where c.relnamespace = 'public'::regnamespace and not t.tgisinternal and t.tgenabled in ('O', 'A')

  union all
  -- detail: a digest of the body
  select 'function', '', p.proname, md5(p.prosrc), ''
  from pg_proc p
  where p.pronamespace = 'public'::regnamespace and p.prorettype = 'trigger'::regtype

  union all
  select 'option', c.relname, o.option_name, o.option_value, ''
  from pg_class c, pg_options_to_table(c.reloptions) o
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
) things
order by kind collate "C", table_name collate "C", name collate "C"
