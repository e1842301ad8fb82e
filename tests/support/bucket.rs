//! A bucket on this machine that answers as a test wants.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use fs_err as fs;

/// The bucket's name.
pub const BUCKET: &str = "talvix-test";

/// What a bucket answers in place of an object.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A status, and an error as S3 words it.
    Error(u16, &'static str),
    /// Look there instead.
    Redirect(u16, String),
    /// Half of the object, and no more.
    Half,
    /// Nothing, for ever.
    Silence,
    /// The object, after that long.
    Late(Duration),
}

/// Answers by what a key ends with; for as many requests as are said, then the object.
type Answers = Vec<(String, Answer, usize)>;

/// A bucket that is filled from a folder.
pub struct Bucket {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    answers: Mutex<Answers>,
    /// Method and path of each request.
    asked: Mutex<Vec<String>>,
    /// Late answers that are owed now, and the most of them at any time.
    num_owed: Mutex<(usize, usize)>,
}

impl Bucket {
    /// Serves the files of a folder.
    pub fn of(folder: &Path) -> Bucket {
        let state = Arc::new(State::default());
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let key = path.strip_prefix(folder).unwrap().display().to_string();
                    state.objects.lock().unwrap().insert(key, fs::read(&path).unwrap());
                }
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(client.unwrap(), &state));
            }
        });
        Bucket { port, state }
    }

    /// Its address.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers this for keys that end so, that many times.
    pub fn answer(&self, end: &str, answer: Answer, times: usize) {
        self.state.answers.lock().unwrap().push((end.to_owned(), answer, times));
    }

    /// How often something was asked for of a key that ends so.
    pub fn asked(&self, end: &str) -> usize {
        let asked = self.state.asked.lock().unwrap();
        asked.iter().filter(|request| request.ends_with(end)).count()
    }

    /// Every request.
    pub fn requests(&self) -> Vec<String> {
        self.state.asked.lock().unwrap().clone()
    }

    /// The most late answers that were owed at the same time.
    pub fn most_owed(&self) -> usize {
        self.state.num_owed.lock().unwrap().1
    }

    /// The names of the objects.
    pub fn keys(&self) -> Vec<String> {
        self.state.objects.lock().unwrap().keys().cloned().collect()
    }
}

/// Answers the requests of one connection.
fn serve(mut client: TcpStream, state: &State) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        let (mut length, mut from) = (0, None);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if let Some(range) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
                from = range.split('-').next().and_then(|from| from.parse().ok());
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let mut words = first.split_whitespace();
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        state.asked.lock().unwrap().push(format!("{method} {path}"));
        let answer = {
            let mut answers = state.answers.lock().unwrap();
            let found =
                answers.iter_mut().find(|(end, _, times)| path.ends_with(end) && *times > 0);
            found.map(|(_, answer, times)| {
                *times -= 1;
                answer.clone()
            })
        };
        let key = path.trim_start_matches('/').trim_start_matches(BUCKET).trim_start_matches('/');
        let written = match answer {
            None => object(&mut client, state, method, key, (body, from)),
            Some(Answer::Error(status, code)) => {
                let error = format!(
                    "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>It is so.</Message>\
                     <AWSAccessKeyId>AKIACANARY</AWSAccessKeyId></Error>"
                );
                respond(&mut client, status, "", error.as_bytes())
            }
            Some(Answer::Redirect(status, to)) => {
                respond(&mut client, status, &format!("location: {to}{path}\r\n"), b"")
            }
            Some(Answer::Half) => {
                let bytes = state.objects.lock().unwrap()[key].clone();
                let head = headers(&bytes, None);
                let _ = client.write_all(head.as_bytes());
                let _ = client.write_all(&bytes[..bytes.len() / 2]);
                return;
            }
            Some(Answer::Late(by)) => {
                let owe = |step: isize| {
                    let (now, most) = &mut *state.num_owed.lock().unwrap();
                    *now = now.checked_add_signed(step).unwrap();
                    *most = (*now).max(*most);
                };
                owe(1);
                thread::sleep(by);
                owe(-1);
                object(&mut client, state, method, key, (body, from))
            }
            Some(Answer::Silence) => {
                thread::sleep(Duration::from_mins(1));
                return;
            }
        };
        if written.is_err() {
            return;
        }
    }
}

/// What a sound bucket does.
fn object(
    client: &mut TcpStream,
    state: &State,
    method: &str,
    key: &str,
    (body, from): (Vec<u8>, Option<usize>),
) -> std::io::Result<()> {
    let mut objects = state.objects.lock().unwrap();
    match (method, objects.get(key)) {
        ("PUT", _) => {
            objects.insert(key.to_owned(), body);
            respond(client, 200, "etag: \"1\"\r\n", b"")
        }
        ("GET", Some(bytes)) => {
            client.write_all(headers(bytes, from).as_bytes())?;
            client.write_all(&bytes[from.unwrap_or(0)..])
        }
        // Of a listing a run needs nothing.
        _ if key.starts_with('?') => respond(client, 403, "", b"<Code>AccessDenied</Code>"),
        _ => respond(client, 404, "", b"<Error><Code>NoSuchKey</Code></Error>"),
    }
}

/// Before an object, or before what of it is left from somewhere on.
fn headers(bytes: &[u8], from: Option<usize>) -> String {
    let all = bytes.len();
    let first = match from {
        None => "HTTP/1.1 200 OK".to_owned(),
        Some(from) => {
            format!("HTTP/1.1 206 X\r\ncontent-range: bytes {from}-{}/{all}", all - 1)
        }
    };
    format!(
        "{first}\r\ncontent-length: {}\r\netag: \"1\"\r\n\
         last-modified: Mon, 16 Nov 2026 16:00:00 GMT\r\n\r\n",
        all - from.unwrap_or(0)
    )
}

fn respond(client: &mut TcpStream, status: u16, more: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{more}content-length: {length}\r\n\r\n");
    client.write_all(head.as_bytes())?;
    client.write_all(body)
}
