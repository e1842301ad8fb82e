//! What may help after an error: the classes of faults, and how a lost server is waited for.
//!
//! | class | SQLSTATE | what helps |
//! |---|---|---|
//! | [`Fault::Connection`] | 08*, 25006, 25P03, 53300, 57P01, 57P02, 57P03, 57P05; no answer; a broken socket | another connection, in a while |
//! | [`Fault::Chunk`] | 25P02, 40001, 40P01, 55P03 | the same transaction once more |
//! | [`Fault::TooLong`] | 57014 | less at a time |
//! | [`Fault::Overtaken`] | 23503, 23505 | to read again what is there, and decide anew |
//! | [`Fault::Final`] | all others | somebody who mends it |

use std::{
    future::Future,
    io,
    time::{Duration, Instant},
};

use backon::{ExponentialBuilder, Retryable};
use tokio_postgres::Client;

use crate::conninfo::Conninfo;
use crate::error::{Error, sqlstate};

/// The longest that a server may be silent while it owes an answer. A network that swallows
/// everything is noticed after this; the kernel's own probes notice less and later.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(50);

/// Between two attempts to reach a server: from and to.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What may help after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Another connection: the server, or the way to it, is lost.
    Connection,
    /// The same transaction once more: another writer was in the way.
    Chunk,
    /// Less at a time: a statement ran into its limit.
    TooLong,
    /// To read again and decide anew: what a row refers to went, or the row came, meanwhile.
    Overtaken,
    /// Nothing that we could do.
    Final,
}

/// The class of an error of the driver.
#[must_use]
pub fn fault(error: &tokio_postgres::Error) -> Fault {
    match sqlstate(error) {
        Some(code) => fault_of_code(code),
        None if is_broken(error) => Fault::Connection,
        None => Fault::Final,
    }
}

fn fault_of_code(code: &str) -> Fault {
    match code {
        // 25006 after a preflight that found none of it: a fail-over to a node that only reads.
        "25006" | "25P03" | "53300" | "57P01" | "57P02" | "57P03" | "57P05" => Fault::Connection,
        "25P02" | "40001" | "40P01" | "55P03" => Fault::Chunk,
        "57014" => Fault::TooLong,
        "23503" | "23505" => Fault::Overtaken,
        code if code.starts_with("08") => Fault::Connection,
        _ => Fault::Final,
    }
}

/// Whether the connection broke, as against a value that could not be converted.
fn is_broken(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error);
    let is_io = source.is_some_and(|source| {
        // A certificate that is refused comes as an error of the socket, and stays refused.
        source.downcast_ref::<io::Error>().is_some_and(|error| {
            !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
        })
    });
    error.is_closed() || is_io
}

/// Waits for what a statement gives, and no longer than [`ANSWER_LIMIT`]. After an error of the
/// class [`Fault::Connection`] the connection is of no use any more: drop it.
pub async fn answer<T>(
    doing: &'static str,
    asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Error> {
    all_answers(doing, async { asked.await.map_err(Error::query(doing)) }).await
}

/// The same for a few statements that are known to be short.
pub async fn all_answers<T, E: From<Error>>(
    doing: &'static str,
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::time::timeout(ANSWER_LIMIT, asked)
        .await
        .unwrap_or_else(|_| Err(Error::NoAnswer { doing, seconds: ANSWER_LIMIT.as_secs() }.into()))
}

/// A server, and how long it is waited for when it is lost.
#[derive(Clone, Debug)]
pub struct Server {
    info: Conninfo,
    application: String,
    patience: Duration,
}

impl Server {
    /// A server, what connections to it call themselves, and how long it may be away.
    #[must_use]
    pub fn new(info: Conninfo, application: &str, patience: Duration) -> Self {
        Server { info, application: application.to_owned(), patience }
    }

    /// What connections call themselves.
    #[must_use]
    pub fn application(&self) -> &str {
        &self.application
    }

    /// How long the server may be away.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Connects, and waits for a server that is full or has not quite started.
    pub async fn connect(&self) -> Result<Client, Error> {
        self.connect_while(Instant::now(), |error| {
            error
                .postgres()
                .and_then(sqlstate)
                .is_some_and(|code| matches!(code, "53300" | "57P03"))
        })
        .await
    }

    /// Connects after the server was lost at `since`, and waits for it whatever it lacks that may
    /// come back.
    pub async fn reconnect(&self, since: Instant) -> Result<Client, Error> {
        self.connect_while(since, |error| error.fault() == Fault::Connection).await
    }

    async fn connect_while(
        &self,
        since: Instant,
        may_come_back: impl Fn(&Error) -> bool,
    ) -> Result<Client, Error> {
        (|| crate::connect(&self.info, &self.application))
            .retry(waits())
            .when(|error| since.elapsed() < self.patience && may_come_back(error))
            .notify(|error, wait| tracing::warn!("{error}; trying again in {wait:.1?}"))
            .await
    }
}

/// Longer and longer waits, and not in step with others.
fn waits() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .without_max_times()
        .with_jitter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_class() {
        for (codes, class) in [
            ("08000 08001 08003 08004 08006 08P01 25006 25P03 53300", Fault::Connection),
            ("57P01 57P02 57P03 57P05", Fault::Connection),
            ("25P02 40001 40P01 55P03", Fault::Chunk),
            ("57014", Fault::TooLong),
            ("23503 23505", Fault::Overtaken),
            ("42501 42703 42P01 0A000 22021 22003 23514 23502 28P01 28000", Fault::Final),
            ("53100 53200 54000 57000 57P04 XX000 XX001 P0001 01000", Fault::Final),
        ] {
            for code in codes.split(' ') {
                assert_eq!(fault_of_code(code), class, "{code}");
            }
        }
    }

    #[test]
    fn a_setting_that_cannot_be_read_does_not_get_better() {
        let error = "host=a port=x".parse::<tokio_postgres::Config>().unwrap_err();
        assert_eq!(fault(&error), Fault::Final);
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_waited_for_and_no_longer() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let url = format!("postgresql://u@127.0.0.1:{port}/d");
        let info = Conninfo::resolve(Some(&url), &|_| None, None).unwrap();
        let server = Server::new(info, "test", Duration::from_millis(300));
        let began = Instant::now();
        let error = server.reconnect(began).await.err().unwrap();
        assert_eq!(error.fault(), Fault::Connection, "{error}");
        assert!(began.elapsed() >= Duration::from_millis(300));
        // Nobody listening at the start is a setting to mend, and not waited for.
        assert!(server.connect().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_does_not_come_is_given_up() {
        let asked = std::future::pending::<Result<(), tokio_postgres::Error>>();
        let error = answer("reading the jobs", asked).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Connection);
        let line = error.to_string();
        assert!(line.starts_with("reading the jobs: no answer for 50 s"), "{line}");
    }
}
