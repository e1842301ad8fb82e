//! What can go wrong with a database, told without row contents.
//!
//! A server's error carries the row that offended it (`DETAIL`), the statement around it
//! (`CONTEXT`) and sometimes a value in the message itself. Those rows hold names, addresses and
//! tokens. So nothing here prints an error of the driver as it is: [`describe`] picks what is safe,
//! and [`Error`] offers neither the driver's `Debug` nor its chain of sources.

mod sqlstate;

use std::fmt;

use tokio_postgres::types::{WasNull, WrongType};

use crate::fault::{self, Fault};

/// An error of this crate. `Debug` prints the same line as `Display`: a derived one would print
/// the row that offended the server.
// A field named `r#source` is not taken for `Error::source()`: a printed chain would go on to the
// driver's own error and with it to the server's DETAIL.
#[derive(thiserror::Error)]
pub enum Error {
    /// A connection setting that cannot be used.
    #[error("{place}: {problem}")]
    Setting {
        /// Where it stands: the URL, an environment variable.
        place: String,
        /// What is wrong with it, and what to write instead.
        problem: String,
    },
    /// The certificates to trust cannot be used.
    #[error("root certificates, {place}: {problem}")]
    RootCerts {
        /// The file, or the system's bundle.
        place: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The server could not be reached, or refused the connection.
    #[error("connecting to {to}: {}{advice}", describe(r#source))]
    Connect {
        /// The server, database and user; no password.
        to: String,
        /// What to do, where that is known: empty, or starting with a separator.
        advice: &'static str,
        /// What the driver says.
        r#source: tokio_postgres::Error,
    },
    /// The server did not answer in time.
    #[error(
        "connecting to {to}: no answer within {seconds} s: is the address right, \
         and does a firewall let it through? (connect_timeout, PGCONNECT_TIMEOUT)"
    )]
    ConnectTimeout {
        /// The server, database and user; no password.
        to: String,
        /// The limit.
        seconds: u64,
    },
    /// The server is silent while it owes an answer.
    #[error(
        "{doing}: no answer for {seconds} s: the server, or the network between, does not respond"
    )]
    NoAnswer {
        /// What was being done.
        doing: &'static str,
        /// The limit.
        seconds: u64,
    },
    /// A statement failed.
    #[error("{doing}: {}", describe(r#source))]
    Query {
        /// What was being done, as in "reading the jobs".
        doing: &'static str,
        /// What the driver says.
        r#source: tokio_postgres::Error,
    },
    /// Something the data model asks for could not be added to a database.
    #[error("adding {what}: {}{}", describe(r#source), advice_on_rows(r#source))]
    Add {
        /// What was to be added.
        what: String,
        /// What the driver says.
        r#source: tokio_postgres::Error,
    },
}

impl Error {
    /// Wraps an error of the driver: `client.batch_execute(…).await.map_err(Error::query("…"))`.
    pub fn query(doing: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Query { doing, source }
    }

    /// The driver's error, for deciding whether to try again. Print it only through [`describe`].
    #[must_use]
    pub fn postgres(&self) -> Option<&tokio_postgres::Error> {
        match self {
            Self::Connect { source, .. }
            | Self::Query { source, .. }
            | Self::Add { source, .. } => Some(source),
            Self::Setting { .. }
            | Self::RootCerts { .. }
            | Self::ConnectTimeout { .. }
            | Self::NoAnswer { .. } => None,
        }
    }

    /// What may help.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::ConnectTimeout { .. } | Self::NoAnswer { .. } => Fault::Connection,
            error => error.postgres().map_or(Fault::Final, fault::fault),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn advice_on_rows(error: &tokio_postgres::Error) -> &'static str {
    match sqlstate(error) {
        Some(code) if code.starts_with("23") => {
            "; rows that are there already break it: mend them, then run this again"
        }
        Some("42501") => "; run this as the owner of the tables",
        _ => "",
    }
}

/// The SQLSTATE of an error, where the server sent it.
#[must_use]
pub fn sqlstate(error: &tokio_postgres::Error) -> Option<&str> {
    error.code().map(tokio_postgres::error::SqlState::code)
}

/// One line on an error of the driver, without row contents.
///
/// Of a server's error: SQLSTATE and its name, and which schema, table, column, type or constraint
/// it is about; the message only where its class cannot hold a value of a row. Never `DETAIL`,
/// `HINT` or `CONTEXT`.
#[must_use]
pub fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => describe_server(&ServerError {
            code: db.code().code(),
            message: db.message(),
            schema: db.schema(),
            table: db.table(),
            column: db.column(),
            datatype: db.datatype(),
            constraint: db.constraint(),
        }),
        None => describe_driver(error),
    }
}

/// The parts of a server's error that may be looked at.
struct ServerError<'a> {
    code: &'a str,
    message: &'a str,
    schema: Option<&'a str>,
    table: Option<&'a str>,
    column: Option<&'a str>,
    datatype: Option<&'a str>,
    constraint: Option<&'a str>,
}

fn describe_server(error: &ServerError<'_>) -> String {
    let mut line = format!("SQLSTATE {} ({})", error.code, sqlstate::condition(error.code));
    if let Some(table) = error.table {
        let (schema, dot) = error.schema.map_or(("", ""), |schema| (schema, "."));
        line.extend([", table ", schema, dot, table]);
    }
    for (what, name) in
        [("column", error.column), ("type", error.datatype), ("constraint", error.constraint)]
    {
        if let Some(name) = name {
            line.extend([", ", what, " ", name]);
        }
    }
    if sqlstate::message_is_free_of_values(error.code) {
        line += ": ";
        line += error.message;
    }
    // A server's text could break the line or, in a terminal, more than that.
    line.replace(char::is_control, " ")
}

fn describe_driver(error: &tokio_postgres::Error) -> String {
    let line = error.to_string();
    let Some(source) = std::error::Error::source(error) else {
        return line;
    };
    // A value that could not be converted may be quoted by the conversion.
    let about_a_value = ["error serializing", "error deserializing", "invalid connection string"]
        .iter()
        .any(|start| line.starts_with(start));
    if about_a_value && !source.is::<WasNull>() && !source.is::<WrongType>() {
        return line;
    }
    format!("{line}: {source}").replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "asha@example.org";

    fn server(code: &str) -> ServerError<'_> {
        ServerError {
            code,
            message: SECRET,
            schema: Some("public"),
            table: Some("users"),
            column: None,
            datatype: None,
            constraint: Some("users_email_key"),
        }
    }

    #[test]
    fn names_the_thing_and_not_the_value() {
        assert_eq!(
            describe_server(&server("23505")),
            "SQLSTATE 23505 (unique_violation), table public.users, constraint users_email_key"
        );
    }

    #[test]
    fn the_message_of_a_class_with_values_is_left_out() {
        for code in ["22001", "22P02", "22021", "23502", "23514", "42601", "P0001", "XX000", "zz"] {
            let line = describe_server(&server(code));
            assert!(line.starts_with(&format!("SQLSTATE {code}")), "{line}");
            assert!(!line.contains(SECRET), "{line}");
        }
    }

    #[test]
    fn the_message_of_a_class_without_values_is_kept() {
        for code in [
            "08P01", "0A000", "25006", "28P01", "3D000", "40P01", "42501", "42P01", "53300",
            "54000", "55P03", "57014", "58P01",
        ] {
            assert!(describe_server(&server(code)).ends_with(SECRET), "{code}");
        }
    }

    #[test]
    fn one_line_whatever_the_server_sends() {
        let error = ServerError { message: "a\nb\x1b[31m", ..server("57014") };
        assert!(describe_server(&error).ends_with(": a b [31m"));
    }

    #[test]
    fn a_driver_error_says_why() {
        let error = "host=a port=x".parse::<tokio_postgres::Config>().unwrap_err();
        let line = describe(&error);
        assert_eq!(line, "invalid connection string");
        assert_eq!(sqlstate(&error), None);
        let error = Error::Query { doing: "reading the jobs", source: error };
        assert_eq!(error.to_string(), "reading the jobs: invalid connection string");
        assert_eq!(format!("{error:?}"), error.to_string());
        assert!(std::error::Error::source(&error).is_none());
        assert!(error.postgres().is_some());
    }
}
