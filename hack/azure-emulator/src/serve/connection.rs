//! Connections: handshakes that hold nobody up, and ends without an answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::provider::Background;

/// A client that does not finish its handshake by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Any byte stream.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection that can be broken: from then on nothing is written.
pub(crate) struct Socket {
    stream: Box<dyn Stream>,
    broken: Arc<AtomicBool>,
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.broken.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Breaks the connection that a call came by.
#[derive(Clone, Debug)]
pub(crate) struct Breaker(Arc<AtomicBool>);

impl Breaker {
    /// Nothing more is written to it.
    pub(super) fn open(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Both.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) breaker: Breaker,
    pub(crate) peer: Peer,
}

impl Connected<IncomingStream<'_, Door>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self { breaker: Breaker(stream.io().broken.clone()), peer: Peer(*stream.remote_addr()) }
    }
}

/// Connections whose handshake is done.
pub(crate) struct Door {
    ready: mpsc::Receiver<(Socket, SocketAddr)>,
    address: SocketAddr,
}

impl Listener for Door {
    type Io = Socket;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // The other side only ends with the process.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

/// Serves a listener until the end; `C` is what the router learns of a connection.
pub(crate) fn serve<C>(background: &Background, listener: TcpListener, tls: Option<TlsAcceptor>, router: Router)
where
    C: for<'a> Connected<IncomingStream<'a, Door>>,
{
    let (sender, ready) = mpsc::channel(64);
    let address = listener.local_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
    background.tasks.spawn(background.stop.clone().run_until_cancelled_owned(accept(listener, tls, sender)));
    let app = router.into_make_service_with_connect_info::<C>();
    let stop = background.stop.clone();
    background.tasks.spawn(async move {
        let door = Door { ready, address };
        if let Err(error) = axum::serve(door, app).with_graceful_shutdown(stop.cancelled_owned()).await {
            tracing::error!(%error, "serving ended");
        }
    });
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, ready: mpsc::Sender<(Socket, SocketAddr)>) {
    loop {
        let Ok((stream, address)) = listener.accept().await else { continue };
        let (tls, ready) = (tls.clone(), ready.clone());
        tokio::spawn(async move {
            if let Some(stream) = open(stream, tls).await {
                let _ = ready.send((Socket { stream, broken: Arc::default() }, address)).await;
            }
        });
    }
}

async fn open(stream: TcpStream, tls: Option<TlsAcceptor>) -> Option<Box<dyn Stream>> {
    stream.set_nodelay(true).ok()?;
    let Some(tls) = tls else { return Some(Box::new(stream)) };
    match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a handshake failed; does the client trust the CA's file?");
            None
        }
        Err(_) => None,
    }
}
