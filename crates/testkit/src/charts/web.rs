//! An HTTP/1.1 server that answers by a function; one thread a connection, one request a connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Path with its query.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
}

/// One answer.
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers beside the length.
    pub headers: Vec<(String, String)>,
    /// What follows.
    pub body: Body,
}

/// The body of an answer.
pub enum Body {
    /// These bytes, with their length.
    Whole(Vec<u8>),
    /// Zeros without end and without a length.
    Endless,
    /// One byte at a time, this far apart, without end.
    Dripping(Duration),
    /// Nothing, and the connection stays.
    Silence,
}

impl Answer {
    /// 200 with these bytes.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Whole(body.into()) }
    }

    /// An answer without content.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Whole(Vec::new()) }
    }

    /// Sends the client elsewhere.
    #[must_use]
    pub fn redirect(to: &str) -> Self {
        Self::status(302).with("location", to)
    }

    /// The answer with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

type Function = dyn Fn(&Asked) -> Answer + Send + Sync;

/// The server. Dropping it stops it.
pub struct Web {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
}

impl Web {
    /// Listens on a free port of loopback.
    ///
    /// # Errors
    /// When there is none.
    pub fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Result<Self> {
        let socket = TcpListener::bind("127.0.0.1:0").context("no port")?;
        let web = Self { address: socket.local_addr()?, asked: Arc::default(), stop: Arc::default() };
        let (asked, stop, answer): (_, _, Arc<Function>) =
            (Arc::clone(&web.asked), Arc::clone(&web.stop), Arc::new(answer));
        thread::spawn(move || {
            for stream in socket.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let (asked, stop, answer) = (Arc::clone(&asked), Arc::clone(&stop), Arc::clone(&answer));
                if let Ok(stream) = stream {
                    // A client that goes away is no failure of the server.
                    thread::spawn(move || drop(serve(stream, &asked, &stop, &*answer)));
                }
            }
        });
        Ok(web)
    }

    /// `127.0.0.1:port`.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(
    mut stream: TcpStream,
    asked: &Mutex<Vec<Asked>>,
    stop: &AtomicBool,
    answer: &Function,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?).take(1 << 16);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut authorization = None;
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("authorization")
        {
            authorization = Some(value.trim().to_owned());
        }
    }
    let request = Asked { path, authorization };
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let answer = answer(&request);
    let mut head = format!("HTTP/1.1 {} Answer\r\nconnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Body::Whole(bytes) = &answer.body {
        head.push_str(&format!("content-length: {}\r\n", bytes.len()));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    let running = || !stop.load(Ordering::Relaxed);
    match answer.body {
        Body::Whole(bytes) => stream.write_all(&bytes)?,
        Body::Endless => {
            while running() {
                stream.write_all(&[0; 1 << 16])?;
            }
        }
        Body::Dripping(pause) => {
            while running() {
                stream.write_all(b"x")?;
                thread::sleep(pause);
            }
        }
        Body::Silence => {
            // Until the client gives up.
            let _ = stream.read(&mut [0; 1])?;
        }
    }
    Ok(())
}
