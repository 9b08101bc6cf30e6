//! An HTTP proxy that knows one place: who wants to speak TLS with one of its hosts is led there, whatever that host's
//! real address is. Programs that obey `HTTPS_PROXY` so meet a server of the test under a public name.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Listens on a free port of 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub struct Tunnel {
    address: SocketAddr,
    asked: Arc<Mutex<BTreeSet<String>>>,
    task: JoinHandle<()>,
}

impl Tunnel {
    /// Leads to `to` whoever asks for one of `hosts`; all others are refused.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(to: SocketAddr, hosts: &[&str]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("a port for the tunnel")?;
        let address = listener.local_addr()?;
        let asked = Arc::<Mutex<BTreeSet<String>>>::default();
        let hosts: Arc<[String]> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let told = asked.clone();
        let task = tokio::spawn(async move {
            // Dropped with the task, and every connection with it.
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (hosts, told) = (hosts.clone(), told.clone());
                open.spawn(async move {
                    if let Err(error) = lead(stream, to, &hosts, &told).await {
                        tracing::debug!(%error, "Tunnel closed");
                    }
                });
                while open.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, asked, task })
    }

    /// The value for `HTTPS_PROXY`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The hosts that were asked for, refused ones too, in order of their names.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn lead(stream: TcpStream, to: SocketAddr, hosts: &[String], asked: &Mutex<BTreeSet<String>>) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first).await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            bail!("the request ended before its headers did");
        }
        if line.trim_end().is_empty() {
            break;
        }
    }
    let mut words = first.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let host = target.rsplit_once(':').map_or(target, |(host, _)| host).to_owned();
    asked.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone());
    if method != "CONNECT" || !hosts.contains(&host) {
        stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await?;
        bail!("{method} {target} leads nowhere");
    }
    let mut there = TcpStream::connect(to).await?;
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    tokio::io::copy_bidirectional(&mut stream, &mut there).await?;
    Ok(())
}
