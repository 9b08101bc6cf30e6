//! The two loops of a name server: datagrams, and connections with framed messages.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::control_plane::listening;

/// What becomes of one request.
pub(super) enum Reply {
    /// This answer.
    Bytes(Vec<u8>),
    /// No answer, and the connection stays open.
    Silence,
    /// No answer, and the connection ends.
    Hangup,
}

/// Something that answers messages.
pub(super) trait Answers: Send + Sync + 'static {
    /// Answers one message that came by TCP or else by UDP.
    fn answer(&self, request: Vec<u8>, tcp: bool) -> impl Future<Output = Reply> + Send;
}

/// Both loops, running. Dropped, they end; so do their connections.
#[derive(Debug)]
pub(super) struct Serving {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Serving {
    /// Listens on both protocols and answers.
    pub(super) async fn start<A: Answers>(address: SocketAddr, answers: Arc<A>) -> Result<Self> {
        let udp = listening(|| UdpSocket::bind(address)).await.with_context(|| format!("listen on {address} (UDP)"))?;
        let tcp =
            listening(|| TcpListener::bind(address)).await.with_context(|| format!("listen on {address} (TCP)"))?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (ended, inner, shared) = (stop.clone(), tasks.clone(), answers.clone());
        tasks.spawn(async move {
            let _ = ended.run_until_cancelled(datagrams(udp, shared, inner, ended.clone())).await;
        });
        let (ended, inner) = (stop.clone(), tasks.clone());
        tasks.spawn(async move {
            let _ = ended.run_until_cancelled(connections(tcp, answers, inner, ended.clone())).await;
        });
        Ok(Self { stop, tasks })
    }

    /// Ends both loops and all connections, and waits for it: the port is free afterwards.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn datagrams<A: Answers>(socket: UdpSocket, answers: Arc<A>, tasks: TaskTracker, stop: CancellationToken) {
    let socket = Arc::new(socket);
    let mut buffer = vec![0; 65_535];
    loop {
        // An error here is an ICMP message about an earlier answer; the socket is fine.
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let request = buffer.get(..length).unwrap_or_default().to_vec();
        let (socket, answers, stop) = (socket.clone(), answers.clone(), stop.clone());
        tasks.spawn(async move {
            let reply = stop.run_until_cancelled(answers.answer(request, false)).await;
            if let Some(Reply::Bytes(bytes)) = reply {
                let _ = socket.send_to(&bytes, from).await;
            }
        });
    }
}

async fn connections<A: Answers>(listener: TcpListener, answers: Arc<A>, tasks: TaskTracker, stop: CancellationToken) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (answers, stop) = (answers.clone(), stop.clone());
        tasks.spawn(async move {
            let _ = stop.run_until_cancelled(connection(stream, answers)).await;
        });
    }
}

async fn connection<A: Answers>(mut stream: TcpStream, answers: Arc<A>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let mut request = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut request).await?;
        match answers.answer(request, true).await {
            Reply::Silence => {}
            Reply::Hangup => return Ok(()),
            Reply::Bytes(bytes) => {
                let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
                let mut framed = length.to_be_bytes().to_vec();
                framed.extend_from_slice(&bytes);
                stream.write_all(&framed).await?;
            }
        }
    }
}
