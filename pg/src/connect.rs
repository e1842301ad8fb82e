//! Opens a connection, also through a pooler in transaction mode: nothing is sent at the start that
//! such a pooler refuses, and nothing is set on the session.

use std::future::poll_fn;

use tokio_postgres::config::SslMode as Wire;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, Socket};

use crate::conninfo::{Conninfo, SslMode};
use crate::error::{Error, describe, sqlstate};
use crate::tls::{self, HostName};

/// One way to open a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    Plain,
    /// TLS where the server has it, and then verified.
    TlsIfOffered,
    Tls(HostName),
}

/// Opens a connection. `application_name` is how the server's views show it, unless the user chose
/// a name.
///
/// A task of the runtime drives the connection until the client is dropped.
pub async fn connect(info: &Conninfo, application_name: &str) -> Result<Client, Error> {
    let mut config = info.config().clone();
    if config.get_application_name().is_none() {
        config.application_name(application_name);
    }
    let connecting = async {
        let (first, second) = attempts(info);
        match (open(info, &mut config, first).await, second) {
            (Err(error), Some(second)) if another_way_may_help(&error) => {
                open(info, &mut config, second).await
            }
            (done, _) => done,
        }
    };
    match info.connect_timeout() {
        None => connecting.await,
        // Cancelling is safe here: a connection that is not ready yet has done nothing.
        Some(limit) => tokio::time::timeout(limit, connecting).await.unwrap_or_else(|_| {
            Err(Error::ConnectTimeout { to: info.to_string(), seconds: limit.as_secs() })
        }),
    }
}

fn attempts(info: &Conninfo) -> (Attempt, Option<Attempt>) {
    match info.ssl_mode() {
        // There is no TLS on a socket.
        _ if info.is_socket() => (Attempt::Plain, None),
        SslMode::Disable => (Attempt::Plain, None),
        SslMode::Allow => (Attempt::Plain, Some(Attempt::Tls(HostName::Compared))),
        SslMode::Prefer => (Attempt::TlsIfOffered, Some(Attempt::Plain)),
        SslMode::VerifyCa => (Attempt::Tls(HostName::Ignored), None),
        SslMode::VerifyFull => (Attempt::Tls(HostName::Compared), None),
    }
}

/// As libpq: a wrong password stays wrong, a server that refuses one way may allow the other.
fn another_way_may_help(error: &Error) -> bool {
    match error {
        Error::RootCerts { .. } => true,
        error => {
            error.postgres().is_some_and(|error| sqlstate(error).is_none_or(|code| code == "28000"))
        }
    }
}

async fn open(info: &Conninfo, config: &mut Config, attempt: Attempt) -> Result<Client, Error> {
    let opened = match attempt {
        Attempt::Plain => {
            config.ssl_mode(Wire::Disable);
            open_with(config, NoTls).await
        }
        Attempt::TlsIfOffered => {
            config.ssl_mode(Wire::Prefer);
            open_with(config, tls::connector(info.roots(), HostName::Compared)?).await
        }
        Attempt::Tls(name) => {
            config.ssl_mode(Wire::Require);
            open_with(config, tls::connector(info.roots(), name)?).await
        }
    };
    opened.map_err(|source| Error::Connect {
        to: info.to_string(),
        advice: advice(&source),
        source,
    })
}

async fn open_with<T>(config: &Config, tls: T) -> Result<Client, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, mut connection) = config.connect(tls).await?;
    tokio::spawn(async move {
        // Awaiting the connection itself would log each notice, and a notice may hold row contents.
        loop {
            match poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(_notice)) => {}
                Some(Err(error)) => {
                    tracing::debug!("a database connection failed: {}", describe(&error));
                    return;
                }
                None => {
                    tracing::debug!("a database connection was closed");
                    return;
                }
            }
        }
    });
    Ok(client)
}

fn advice(error: &tokio_postgres::Error) -> &'static str {
    if let Some(code) = sqlstate(error) {
        return if code == "28P01" { "; give the password in PGPASSWORD or ~/.pgpass" } else { "" };
    }
    // The driver and rustls tell these apart by their text only.
    let line = describe(error);
    [
        ("password missing", "; give it in PGPASSWORD or ~/.pgpass"),
        (
            "does not support TLS",
            "; turn it on there, or use sslmode=disable where nobody can listen in",
        ),
        ("UnknownIssuer", "; name the file of the server's CA by sslrootcert"),
        ("not valid for name", "; use a name that it is valid for, or sslmode=verify-ca"),
        ("BadSignature", "; the CA that sslrootcert names has not signed it, for all its name"),
        ("certificate expired", "; renew the server's certificate"),
    ]
    .iter()
    .find(|(text, _)| line.contains(text))
    .map_or("", |(_, advice)| advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(url: &str) -> Conninfo {
        Conninfo::resolve(Some(url), &|_| None, None).unwrap()
    }

    #[test]
    fn plain_text_is_tried_on_this_machine_only() {
        for (url, first, second) in [
            ("postgresql://u@/d?host=/tmp&sslmode=verify-full", Attempt::Plain, None),
            ("postgresql://u@localhost/d", Attempt::TlsIfOffered, Some(Attempt::Plain)),
            (
                "postgresql://u@127.0.0.1/d?sslmode=allow",
                Attempt::Plain,
                Some(Attempt::Tls(HostName::Compared)),
            ),
            ("postgresql://u@h/d", Attempt::Tls(HostName::Compared), None),
            ("postgresql://u@h/d?sslmode=prefer", Attempt::Tls(HostName::Compared), None),
            ("postgresql://u@h/d?sslmode=require", Attempt::Tls(HostName::Compared), None),
            ("postgresql://u@h/d?sslmode=verify-ca", Attempt::Tls(HostName::Ignored), None),
            ("postgresql://u@h/d?sslmode=disable", Attempt::Plain, None),
        ] {
            assert_eq!(attempts(&info(url)), (first, second), "{url}");
        }
    }

    #[tokio::test]
    async fn a_server_that_never_answers_is_given_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("postgresql://u:hunter2@127.0.0.1:{port}/d?connect_timeout=1");
        let error = connect(&info(&url), "test").await.err().unwrap();
        assert!(matches!(error, Error::ConnectTimeout { seconds: 1, .. }), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named() {
        let error = connect(&info("postgresql://u@127.0.0.1:1/d"), "test").await.err().unwrap();
        let line = error.to_string();
        assert!(line.starts_with("connecting to postgresql://u@127.0.0.1:1/d"), "{line}");
        assert!(line.contains("refused"), "{line}");
    }
}
