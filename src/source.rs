//! The two sources of a night behind one face: opened, locked, checked, read; and written to.

use crate::{
    config::{RunConfig, Source},
    failure::{Failure, Status},
};
use anyhow::anyhow;
use talvix_dataset::{Dataset, Lock, Version};
use talvix_exporter::{
    chunk::{Chunk, Finish, LeftOut, NightOut, RowCounts, Written},
    dataset::{DatasetPreview, DatasetSink},
    postgres::{PostgresSink, PostgresWriter},
};
use talvix_fault_points::point;
use talvix_loader::{
    dataset::DatasetReader,
    finished::{self, FinishedRun},
    postgres::{Connection, PostgresReader, Preflight, Purpose},
    reader::{Selection, TableReader},
};
use talvix_pg::{
    Server,
    lock::{Acquired, RunLock},
};
use tokio::runtime::Runtime;
use tokio_postgres::Client;

/// An open source.
#[derive(Debug)]
pub enum Opened {
    /// A database.
    Postgres {
        /// How to reach it, again if need be.
        server: Box<Server>,
        /// The right to write; none for a dry run.
        lock: Option<RunLock>,
        /// What is known of it.
        preflight: Preflight,
        /// Which runs finished, newest first, where that matters.
        finished: Vec<FinishedRun>,
    },
    /// A dataset directory.
    Dataset {
        /// The folder.
        dataset: Dataset,
        /// The version that is read.
        version: Version,
        /// The right to write; none for a dry run.
        lock: Option<Lock>,
    },
}

/// Where a night's changes go.
#[derive(Debug)]
pub enum Sink {
    /// A database.
    Postgres(PostgresSink),
    /// A dataset directory.
    Dataset(DatasetSink),
    /// Nowhere: a dry run in a database.
    PostgresPreview(Client),
    /// Nowhere: a dry run on a dataset.
    DatasetPreview(DatasetPreview),
}

/// What takes a night's chunks, one after the other.
pub enum Writer<'a> {
    /// A connection to a database.
    Postgres(PostgresWriter<'a>),
    /// A dataset directory.
    Dataset(&'a mut DatasetSink),
    /// Nowhere: a dry run in a database.
    PostgresPreview(&'a mut Client),
    /// Nowhere: a dry run on a dataset.
    DatasetPreview(&'a DatasetPreview),
}

impl Opened {
    /// Opens, locks and checks the source. A dry run takes no lock: it may look on while another
    /// run works. `is_again` says that this run had it open before.
    pub fn open(
        runtime: &Runtime,
        config: &RunConfig,
        run_id: uuid::Uuid,
        is_again: bool,
    ) -> Result<Self, Failure> {
        Self::open_as(runtime, config, &format!("talvix run {run_id}"), is_again)
    }

    /// The same for whatever calls itself so.
    pub fn open_as(
        runtime: &Runtime,
        config: &RunConfig,
        application: &str,
        is_again: bool,
    ) -> Result<Self, Failure> {
        let purpose = match config.publishes_to() {
            _ if config.dry_run => Purpose::Look,
            None => Purpose::Write,
            Some(_) => Purpose::WriteAndPublish,
        };
        match &config.source {
            Source::Postgres(info) => {
                let server = Server::new((**info).clone(), application, config.reconnect_for);
                runtime.block_on(Self::open_postgres(server, purpose, is_again))
            }
            Source::Dataset(dir) => {
                let dataset = Dataset::open(dir).map_err(unfit)?;
                let lock = if purpose.writes() {
                    Some(
                        dataset
                            .lock(&format!("{application}, process {}", std::process::id()))
                            .map_err(locked)?,
                    )
                } else {
                    None
                };
                let version = dataset.current().map_err(unfit)?;
                talvix_loader::dataset::preflight(&version)?;
                Ok(Opened::Dataset { dataset, version, lock })
            }
        }
    }

    async fn open_postgres(
        server: Server,
        purpose: Purpose,
        is_again: bool,
    ) -> Result<Self, Failure> {
        // A server that was never reached is a setting to mend.
        let first = server
            .connect()
            .await
            .map_err(|error| Failure::new(Status::Unfit, error).outage(is_again))?;
        let lock = if purpose.writes() {
            let client = server.connect().await?;
            match RunLock::acquire(client, server.application()).await? {
                Acquired::Lock(lock) => Some(lock),
                Acquired::Held(holder) => {
                    // Ours of before, which the server has not missed yet.
                    let is_ours = holder.application.as_deref() == Some(server.application());
                    let error = anyhow!("another run holds the lock: {holder}");
                    return Err(Failure::new(Status::Locked, error).outage(is_ours));
                }
            }
        } else {
            None
        };
        point("lock-taken");
        let mut client = first;
        let preflight = match talvix_loader::postgres::preflight(&client, purpose).await {
            // One that was so from the start will not turn into the primary.
            Err(error @ talvix_loader::Error::ReadOnly) if !is_again => {
                return Err(Failure::new(Status::Unfit, error));
            }
            checked => checked?,
        };
        let finished = match purpose {
            Purpose::WriteAndPublish => finished::in_postgres(&mut client).await?,
            Purpose::Look | Purpose::Write => Vec::new(),
        };
        point("preflight-done");
        Ok(Opened::Postgres { server: Box::new(server), lock, preflight, finished })
    }

    /// The runs that finished, newest first, for a run that publishes.
    pub fn finished_runs(&self) -> Result<Vec<FinishedRun>, Failure> {
        match self {
            Opened::Postgres { finished, .. } => Ok(finished.clone()),
            Opened::Dataset { version, .. } => Ok(finished::in_dataset(version)?),
        }
    }

    /// Things that are not wrong but that somebody should know.
    pub fn warnings(&self) -> Vec<String> {
        match self {
            Opened::Postgres { preflight, .. } => preflight.warnings.clone(),
            Opened::Dataset { .. } => Vec::new(),
        }
    }

    /// The tables as of one instant: now.
    pub fn reader(
        &self,
        num_connections: usize,
        selection: Selection,
    ) -> Result<Box<dyn TableReader>, Failure> {
        Ok(match self {
            Opened::Postgres { server, preflight, .. } => {
                let connections = (0..num_connections)
                    .map(|_| Connection::open(async { Ok::<_, Failure>(server.connect().await?) }))
                    .collect::<Result<_, _>>()?;
                Box::new(PostgresReader::open(connections, preflight.clone(), selection)?)
            }
            Opened::Dataset { version, .. } => {
                Box::new(DatasetReader::new(version.clone(), selection))
            }
        })
    }

    /// Where changes go: into a database through several connections.
    fn into_sink(self, runtime: &Runtime, num_connections: usize) -> Result<Sink, Failure> {
        match self {
            Opened::Postgres { server, lock, preflight, .. } => runtime.block_on(async {
                let first = server.connect().await?;
                let Some(lock) = lock else { return Ok(Sink::PostgresPreview(first)) };
                let mut clients = vec![first];
                while clients.len() < num_connections {
                    clients.push(server.connect().await?);
                }
                let over_staging = preflight.scores_have_row_security;
                Ok(Sink::Postgres(PostgresSink::new(*server, clients, lock, over_staging)))
            }),
            Opened::Dataset { dataset, version, lock } => Ok(match lock {
                Some(lock) => Sink::Dataset(DatasetSink::new(dataset, version, lock)?),
                None => Sink::DatasetPreview(DatasetPreview::new(&version)?),
            }),
        }
    }
}

/// A sink that is opened once something is to be written: a night with nothing to do asks for no
/// further connection.
#[derive(Debug)]
pub struct LazySink {
    source: Option<Opened>,
    sink: Option<Sink>,
}

impl LazySink {
    /// The sink of a source, which is held until then.
    pub fn new(source: Opened) -> Self {
        LazySink { source: Some(source), sink: None }
    }

    /// The sink, opened if it was not.
    pub fn open(
        &mut self,
        runtime: &Runtime,
        num_connections: usize,
    ) -> Result<&mut Sink, Failure> {
        if let Some(source) = self.source.take() {
            self.sink = Some(source.into_sink(runtime, num_connections)?);
        }
        // After a sink that could not be opened nobody asks again.
        self.sink.as_mut().ok_or_else(|| Failure::failed(anyhow!("there is nowhere to write to")))
    }

    /// Ends the night; without a finish only the chunks count. The lock is held until the sink is
    /// dropped: what else belongs to the night is done under it.
    pub fn finish(
        &mut self,
        runtime: &Runtime,
        out: &NightOut<'_>,
        finish: Option<&Finish>,
    ) -> Result<(), Failure> {
        let sink = self.open(runtime, 1)?;
        Ok(runtime.block_on(sink.finish(out, finish))?)
    }
}

impl Sink {
    /// What takes chunks: writers that may work at the same time.
    pub fn writers(&mut self) -> Vec<Writer<'_>> {
        match self {
            Sink::Postgres(sink) => sink.writers().map(Writer::Postgres).collect(),
            Sink::Dataset(sink) => vec![Writer::Dataset(sink)],
            Sink::PostgresPreview(client) => vec![Writer::PostgresPreview(client)],
            Sink::DatasetPreview(preview) => vec![Writer::DatasetPreview(preview)],
        }
    }

    /// Ends the night; without a finish only the chunks count.
    async fn finish(
        &mut self,
        out: &NightOut<'_>,
        finish: Option<&Finish>,
    ) -> Result<(), talvix_exporter::Error> {
        match (self, finish) {
            (Sink::Postgres(sink), Some(finish)) => sink.finish(out, finish).await,
            (Sink::Dataset(sink), finish) => sink.finish(out, finish).map(|_| ()),
            (Sink::Postgres(_), None) | (Sink::PostgresPreview(_) | Sink::DatasetPreview(_), _) => {
                Ok(())
            }
        }
    }
}

impl Writer<'_> {
    /// Whether a chunk that is written is committed.
    pub fn commits(&self) -> bool {
        matches!(self, Writer::Postgres(_))
    }

    /// Writes a chunk, or says what that would change; and what of it was left out.
    pub async fn write_chunk(
        &mut self,
        out: &NightOut<'_>,
        chunk: &Chunk,
    ) -> Result<(Written, LeftOut), talvix_exporter::Error> {
        let previewed =
            |rows: RowCounts| (Written { rows, ..Written::default() }, LeftOut::default());
        match self {
            Writer::Postgres(writer) => writer.write_chunk(out, chunk).await,
            Writer::Dataset(sink) => Ok((sink.write_chunk(out, chunk)?, LeftOut::default())),
            Writer::PostgresPreview(client) => {
                Ok(previewed(talvix_exporter::postgres::preview(client, out, chunk).await?))
            }
            Writer::DatasetPreview(preview) => Ok(previewed(preview.rows(out, chunk)?)),
        }
    }
}

fn unfit(error: impl Into<anyhow::Error>) -> Failure {
    Failure::new(Status::Unfit, error)
}

fn locked(error: talvix_dataset::Error) -> Failure {
    let status = match error {
        talvix_dataset::Error::Locked { .. } => Status::Locked,
        _ => Status::Unfit,
    };
    Failure::new(status, error)
}
