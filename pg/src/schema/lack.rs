//! One thing that a database lacks.

use std::fmt;

use super::manifest::Thing;

/// Rules that a database may state in its own words: newer ones name several paid tiers.
const ANY_WORDING: [(&str, &str); 1] = [("users", "tier")];

/// What a database lacks. `Display` says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields name parts of a table as SQL does")]
pub enum Lack {
    /// A whole table.
    Table { table: String },
    /// A column.
    Column { table: String, column: String, definition: String },
    /// A column has another type than the run reads or writes.
    ColumnType { table: String, column: String, expected: String, found: String },
    /// A column accepts null.
    NotNull { table: String, column: String },
    /// A column has no default.
    Default { table: String, column: String, expression: String },
    /// A check, primary or foreign key.
    Constraint { table: String, name: String, definition: String },
    /// There is one over the same columns, but it says something else.
    ConstraintDiffers { table: String, name: String, expected: String, found: String },
    /// An index, unique ones included.
    Index { table: String, name: String, definition: String },
    /// A trigger.
    Trigger { table: String, name: String },
    /// The function of a trigger, or its present body.
    Function { name: String },
    /// A storage parameter.
    StorageParameter { table: String, name: String, value: String },
    /// The role of the run.
    Role { role: String },
    /// A function runs with the rights of its owner, and the role may execute it.
    SecurityDefiner { function: String, role: String },
    /// Row-level security hides rows of a table that the run reads or writes.
    RowSecurity { table: String, command: String, role: String },
}

impl Lack {
    /// The table it is about.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::Table { table }
            | Self::Column { table, .. }
            | Self::ColumnType { table, .. }
            | Self::NotNull { table, .. }
            | Self::Default { table, .. }
            | Self::Constraint { table, .. }
            | Self::ConstraintDiffers { table, .. }
            | Self::Index { table, .. }
            | Self::Trigger { table, .. }
            | Self::StorageParameter { table, .. }
            | Self::RowSecurity { table, .. } => Some(table),
            Self::Function { .. } | Self::Role { .. } | Self::SecurityDefiner { .. } => None,
        }
    }

    /// The thing in a few words.
    pub(super) fn what(&self) -> String {
        match self {
            Self::Table { table } => format!("table {table}"),
            Self::Column { table, column, .. } | Self::ColumnType { table, column, .. } => {
                format!("column {table}.{column}")
            }
            Self::NotNull { table, column } => format!("not null on {table}.{column}"),
            Self::Default { table, column, expression } => {
                format!("default {expression} on {table}.{column}")
            }
            Self::Constraint { table, name, .. } | Self::ConstraintDiffers { table, name, .. } => {
                format!("constraint {name} on {table}")
            }
            Self::Index { table, name, .. } => format!("index {name} on {table}"),
            Self::Trigger { table, name } => format!("trigger {name} on {table}"),
            Self::Function { name } => format!("function {name}()"),
            Self::StorageParameter { table, name, value } => {
                format!("storage parameter {name} = {value} on {table}")
            }
            Self::Role { role } => format!("role {role}"),
            Self::SecurityDefiner { function, .. } => format!("function {function}"),
            Self::RowSecurity { table, .. } => format!("row-level security on {table}"),
        }
    }

    /// Whether `0008_rules.sql` brings it.
    pub(super) fn is_rule(&self) -> bool {
        // A new table has no triggers yet.
        matches!(self, Self::Trigger { .. } | Self::Function { .. } | Self::Table { .. })
    }

    /// What has to be there first: columns before what is said about them, keys before what refers
    /// to them.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Constraint { definition, .. } if definition.starts_with("PRIMARY") => 1,
            Self::Constraint { .. } => 2,
            Self::Index { .. } => 3,
            _ => 0,
        }
    }

    /// The statement that adds it, if one can without deciding anything. `there` is what the
    /// database has: a name that is taken is left to the server to choose.
    ///
    /// All names and definitions come from the manifest, none from the database.
    pub(super) fn ddl(&self, there: &[Thing]) -> Option<String> {
        let taken = |kinds: &[&str], name: &str, table: Option<&str>| {
            there.iter().any(|thing| {
                kinds.contains(&thing.kind.as_str())
                    && thing.name == name
                    && table.is_none_or(|table| thing.table == table)
            })
        };
        match self {
            Self::Column { table, column, definition } => {
                Some(format!("alter table {table} add column {column} {definition}"))
            }
            Self::NotNull { table, column } => {
                Some(format!("alter table {table} alter column {column} set not null"))
            }
            Self::Default { table, column, expression } => {
                Some(format!("alter table {table} alter column {column} set default {expression}"))
            }
            Self::Constraint { table, name, definition } => {
                let name = if taken(&["constraint"], name, Some(table)) {
                    String::new()
                } else {
                    format!("constraint {name} ")
                };
                Some(format!("alter table {table} add {name}{definition}"))
            }
            Self::Index { name, definition, .. } => Some(if taken(&["index"], name, None) {
                definition.clone()
            } else {
                definition.replacen("INDEX ON", &format!("INDEX {name} ON"), 1)
            }),
            Self::StorageParameter { table, name, value } => {
                Some(format!("alter table {table} set ({name} = {value})"))
            }
            Self::Table { .. }
            | Self::ColumnType { .. }
            | Self::ConstraintDiffers { .. }
            | Self::Trigger { .. }
            | Self::Function { .. }
            | Self::Role { .. }
            | Self::SecurityDefiner { .. }
            | Self::RowSecurity { .. } => None,
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what();
        match self {
            Self::Table { .. }
            | Self::Column { .. }
            | Self::NotNull { .. }
            | Self::Default { .. }
            | Self::Constraint { .. }
            | Self::Index { .. }
            | Self::Trigger { .. }
            | Self::StorageParameter { .. } => {
                write!(f, "{what} is missing: run `talvix schema apply`")
            }
            Self::Function { .. } => {
                write!(f, "{what} is missing or not this version's: run `talvix schema apply`")
            }
            Self::ColumnType { expected, found, .. } => {
                write!(f, "{what} is {found}, expected {expected}: convert it by hand")
            }
            Self::ConstraintDiffers { expected, found, .. } => write!(
                f,
                "{what}: expected {expected}, found {found}: nothing replaces a rule of the \
                 database's own; drop it first if the expected one should stand"
            ),
            Self::Role { role } => {
                write!(
                    f,
                    "{what} is missing: run grants/talvix_engine.sql, or name another than {role}"
                )
            }
            Self::SecurityDefiner { function, role } => write!(
                f,
                "{what} runs with the rights of its owner and {role} may execute it: \
                 revoke execute on function {function} from public"
            ),
            Self::RowSecurity { command, role, .. } => write!(
                f,
                "{what} hides rows from {role} ({command}): run grants/talvix_engine.sql, \
                 or alter role {role} bypassrls"
            ),
        }
    }
}

/// What of `wanted` is not `there`. Of a missing table nothing else is listed.
pub(super) fn between(wanted: &[Thing], there: &[Thing]) -> Vec<Lack> {
    let of = |kind: &str, table: &str| -> Vec<&Thing> {
        there.iter().filter(|thing| thing.kind == kind && thing.table == table).collect()
    };

    let mut lacks = Vec::new();
    for want in wanted {
        let Thing { kind, table, name, detail, definition } = want.clone();
        let have = of(&kind, &table);
        if kind != "function" && of("table", &table).is_empty() {
            if kind == "table" {
                lacks.push(Lack::Table { table });
            }
            continue;
        }
        match kind.as_str() {
            "column" => match have.iter().find(|have| have.name == name) {
                None => {
                    let definition = format!("{detail} {definition}").trim_end().to_owned();
                    lacks.push(Lack::Column { table, column: name, definition });
                }
                Some(have) => lacks.extend(column(want, have)),
            },
            "constraint" if !have.iter().any(|have| have.definition == definition) => {
                // A rule that this table has in other words over the same columns. Not one that is
                // wanted beside this: two wanted ones may well concern the same columns.
                let other = have.iter().find(|have| {
                    have.detail == detail
                        && word(&have.definition) == word(&definition)
                        && !wanted
                            .iter()
                            .any(|want| want.table == table && want.definition == have.definition)
                });
                match other {
                    Some(_) if ANY_WORDING.contains(&(&table, &detail)) => {}
                    Some(other) => lacks.push(Lack::ConstraintDiffers {
                        table,
                        name,
                        expected: definition,
                        found: other.definition.clone(),
                    }),
                    None => lacks.push(Lack::Constraint { table, name, definition }),
                }
            }
            "index" if !have.iter().any(|have| have.definition == definition) => {
                lacks.push(Lack::Index { table, name, definition });
            }
            "trigger" if !have.iter().any(|have| have.definition == definition) => {
                lacks.push(Lack::Trigger { table, name });
            }
            "function" if !have.iter().any(|have| have.name == name && have.detail == detail) => {
                lacks.push(Lack::Function { name });
            }
            "option" if !have.iter().any(|have| have.name == name) => {
                lacks.push(Lack::StorageParameter { table, name, value: detail });
            }
            _ => {}
        }
    }
    lacks
}

/// What kind of constraint a definition is: its first word.
fn word(definition: &str) -> Option<&str> {
    definition.split(' ').next()
}

fn column(want: &Thing, have: &Thing) -> impl Iterator<Item = Lack> {
    let Thing { table, name: column, detail, definition, .. } = want.clone();
    let wants_not_null = definition.starts_with("not null");
    let has_not_null = have.definition.starts_with("not null");
    let default = definition.split_once("default ").map(|(_, expression)| expression.to_owned());
    let has_default = have.definition.contains("default ");
    let found = have.detail.clone();

    let kind = (detail != found).then(|| Lack::ColumnType {
        table: table.clone(),
        column: column.clone(),
        expected: detail,
        found,
    });
    let not_null = (wants_not_null && !has_not_null)
        .then(|| Lack::NotNull { table: table.clone(), column: column.clone() });
    // Another default is the owner's choice.
    let default = default.filter(|_| !has_default).map(|expression| Lack::Default {
        table,
        column,
        expression,
    });
    kind.into_iter().chain(not_null).chain(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(drop: impl Fn(&Thing) -> bool) -> Vec<Lack> {
        let mut there = Thing::wanted();
        there.retain(|thing| !drop(thing));
        between(&Thing::wanted(), &there)
    }

    fn changed(change: impl Fn(&mut Thing)) -> Vec<Lack> {
        let mut there = Thing::wanted();
        there.iter_mut().for_each(change);
        between(&Thing::wanted(), &there)
    }

    #[test]
    fn nothing_is_missing_from_the_whole() {
        assert_eq!(without(|_| false), []);
        // Names that somebody else chose, and more than is asked for.
        let renamed = changed(|thing| {
            if ["constraint", "index", "trigger"].contains(&thing.kind.as_str()) {
                thing.name.push_str("_theirs");
            }
        });
        assert_eq!(renamed, []);
    }

    #[test]
    fn an_empty_database_lacks_tables_and_functions_only() {
        let lacks = without(|_| true);
        assert_eq!(lacks.iter().filter(|l| matches!(l, Lack::Table { .. })).count(), 25);
        assert_eq!(lacks.iter().filter(|l| matches!(l, Lack::Function { .. })).count(), 2);
        assert_eq!(lacks.len(), 27);
    }

    #[test]
    fn each_kind_is_found_and_says_how_to_add_it() {
        let one = |kind: &str, name: &str| {
            let lacks = without(|thing| thing.kind == kind && thing.name == name);
            assert_eq!(lacks.len(), 1, "{lacks:?}");
            (lacks[0].to_string(), lacks[0].ddl(&[]))
        };
        assert_eq!(
            one("column", "exp_min_years"),
            (
                "column jobs.exp_min_years is missing: run `talvix schema apply`".to_owned(),
                Some("alter table jobs add column exp_min_years numeric(4,1)".to_owned())
            )
        );
        let (_, ddl) = one("index", "job_fit_scores_job_id_idx");
        assert_eq!(
            ddl.unwrap(),
            "CREATE INDEX job_fit_scores_job_id_idx ON public.job_fit_scores USING btree (job_id)"
        );
        let (_, ddl) = one("constraint", "jobs_fingerprint_check");
        assert!(ddl.unwrap().starts_with("alter table jobs add constraint jobs_fingerprint_check"));
        assert_eq!(one("trigger", "user_target_roles_at_most_five").1, None);
        assert_eq!(one("function", "model_performance_snapshots_keep").1, None);
    }

    #[test]
    fn a_taken_name_is_left_to_the_server() {
        let lack = Lack::Index {
            table: "jobs".into(),
            name: "i".into(),
            definition: "CREATE UNIQUE INDEX ON public.jobs USING btree (id)".into(),
        };
        let theirs = Thing {
            kind: "index".into(),
            table: "users".into(),
            name: "i".into(),
            detail: String::new(),
            definition: String::new(),
        };
        assert_eq!(
            lack.ddl(&[theirs]).unwrap(),
            "CREATE UNIQUE INDEX ON public.jobs USING btree (id)"
        );
        assert_eq!(lack.ddl(&[]).unwrap(), "CREATE UNIQUE INDEX i ON public.jobs USING btree (id)");
    }

    #[test]
    fn what_differs_is_told_apart_from_what_is_missing() {
        let lacks = changed(|thing| match thing.name.as_str() {
            "posted_at" => thing.detail = "date".to_owned(),
            "jd_cleaned" => thing.definition = String::new(),
            "country" => thing.definition = "not null default 'bharat'::text".to_owned(),
            "users_daily_apply_limit_check" => thing.definition = "CHECK (theirs)".to_owned(),
            "users_tier_check" => thing.definition = "CHECK (more tiers)".to_owned(),
            _ => {}
        });
        let lines: Vec<_> = lacks.iter().map(Lack::what).collect();
        assert_eq!(
            lines,
            [
                "not null on jobs.jd_cleaned",
                "default false on jobs.jd_cleaned",
                "column jobs.posted_at",
                "constraint users_daily_apply_limit_check on users",
            ]
        );
        assert!(lacks[3].to_string().contains("found CHECK (theirs)"));
        assert!(lacks[2].to_string().starts_with("column jobs.posted_at is date, expected"));
    }
}
