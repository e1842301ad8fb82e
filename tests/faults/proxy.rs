//! A network between a run and its server that does what a test wants. It sees the messages: what
//! goes through is not encrypted.

use crate::support::Db;
use nix::sys::socket::{setsockopt, sockopt::Linger};
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Toxic {
    /// Nothing.
    None,
    /// Each piece takes so long in each direction.
    Latency(Duration),
    /// Every byte comes alone.
    Slices,
    /// So many bytes a second in each direction.
    Bandwidth(usize),
    /// The connection with the nth piece that the client sends is reset, once.
    ResetAt(usize),
    /// The connection over which the server has sent so many bytes ends, once.
    CutAfter(usize),
    /// From the nth piece that the client sends on, connections that are there swallow everything.
    BlackHoleAt(usize),
    /// The nth COMMIT reaches the server, and its answer nobody.
    SwallowAnswerTo(usize),
    /// The nth COMMIT does not even reach the server.
    SwallowCommit(usize),
}

/// Gone, with all connections, when the case ends.
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

struct State {
    toxic: Toxic,
    upstream: AtomicU16,
    /// Pieces that clients have sent.
    num_pieces: AtomicUsize,
    num_commits: AtomicUsize,
    is_done: AtomicBool,
    connections: Mutex<Vec<Arc<Connection>>>,
}

struct Connection {
    client: TcpStream,
    server: TcpStream,
    is_swallowing: AtomicBool,
}

impl Proxy {
    pub fn to(upstream: u16, toxic: Toxic) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            toxic,
            upstream: AtomicU16::new(upstream),
            num_pieces: AtomicUsize::new(0),
            num_commits: AtomicUsize::new(0),
            is_done: AtomicBool::new(false),
            connections: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                shared.open(client);
            }
        });
        Proxy { port, state }
    }

    /// The database through this network, as the role that nights run as.
    pub fn url(&self, db: &Db) -> String {
        let role = crate::support::ENGINE_ROLE;
        format!("postgresql://{role}@127.0.0.1:{}/{}?sslmode=disable", self.port, db.name())
    }

    /// Whether what was to happen has happened.
    pub fn is_done(&self) -> bool {
        self.state.is_done.load(SeqCst)
    }

    /// From now on new connections lead there.
    pub fn lead_to(&self, upstream: u16) {
        self.state.upstream.store(upstream, SeqCst);
    }

    /// Ends all connections.
    pub fn cut_all(&self) {
        for connection in self.state.connections.lock().unwrap().drain(..) {
            connection.cut();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut_all();
    }
}

impl Connection {
    fn cut(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }

    /// The client gets a reset in place of an end.
    fn reset(&self) {
        let linger = nix::libc::linger { l_onoff: 1, l_linger: 0 };
        setsockopt(&self.client, Linger, &linger).unwrap();
        let _ = self.server.shutdown(Shutdown::Both);
        let _ = self.client.shutdown(Shutdown::Both);
    }
}

impl State {
    fn open(self: &Arc<Self>, client: TcpStream) {
        let upstream = self.upstream.load(SeqCst);
        let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)) else { return };
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let connection =
            Arc::new(Connection { client, server, is_swallowing: AtomicBool::new(false) });
        self.connections.lock().unwrap().push(Arc::clone(&connection));
        let (state, there) = (Arc::clone(self), Arc::clone(&connection));
        std::thread::spawn(move || {
            let (from, to) = (&there.client, &there.server);
            state.pump(from, to, &there, |piece| state.pass_on(&there, piece));
            there.cut();
        });
        let (state, back) = (Arc::clone(self), connection);
        std::thread::spawn(move || {
            let mut num_bytes = 0;
            let (from, to) = (&back.server, &back.client);
            state.pump(from, to, &back, |piece| {
                num_bytes += piece.len();
                if matches!(state.toxic, Toxic::CutAfter(most) if num_bytes > most)
                    && !state.is_done.swap(true, SeqCst)
                {
                    return false;
                }
                true
            });
            back.cut();
        });
    }

    /// Carries bytes until there are no more, or `goes_on` says so.
    fn pump(
        &self,
        mut from: &TcpStream,
        mut to: &TcpStream,
        connection: &Connection,
        mut goes_on: impl FnMut(&[u8]) -> bool,
    ) {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length) = from.read(&mut buffer) {
            let piece = &buffer[..length];
            if length == 0 || !goes_on(piece) {
                return;
            }
            if connection.is_swallowing.load(SeqCst) {
                continue;
            }
            let sent = match self.toxic {
                Toxic::Latency(time) => {
                    std::thread::sleep(time);
                    to.write_all(piece)
                }
                Toxic::Slices => piece.iter().try_for_each(|byte| to.write_all(&[*byte])),
                Toxic::Bandwidth(bytes_per_second) => {
                    std::thread::sleep(
                        Duration::from_secs(1) * length as u32 / bytes_per_second as u32,
                    );
                    to.write_all(piece)
                }
                _ => to.write_all(piece),
            };
            if sent.is_err() {
                return;
            }
        }
    }

    /// What becomes of a piece that the client sends; false ends the connection.
    fn pass_on(&self, connection: &Arc<Connection>, piece: &[u8]) -> bool {
        let number = self.num_pieces.fetch_add(1, SeqCst) + 1;
        let first_time = || !self.is_done.swap(true, SeqCst);
        match self.toxic {
            Toxic::ResetAt(nth) if number >= nth && first_time() => {
                connection.reset();
                return false;
            }
            Toxic::BlackHoleAt(nth) if number >= nth && first_time() => {
                for one in self.connections.lock().unwrap().iter() {
                    one.is_swallowing.store(true, SeqCst);
                }
            }
            Toxic::SwallowAnswerTo(nth) | Toxic::SwallowCommit(nth)
                if is_commit(piece)
                    && self.num_commits.fetch_add(1, SeqCst) + 1 == nth
                    && first_time() =>
            {
                connection.is_swallowing.store(true, SeqCst);
                if matches!(self.toxic, Toxic::SwallowAnswerTo(_)) {
                    let _ = (&connection.server).write_all(piece);
                    // Long enough for the server to have done it.
                    std::thread::sleep(Duration::from_millis(300));
                }
                connection.reset();
                return false;
            }
            _ => {}
        }
        true
    }
}

/// Whether a piece asks for a commit, as the driver does.
fn is_commit(piece: &[u8]) -> bool {
    piece.windows(7).any(|bytes| bytes == b"COMMIT\0")
}
