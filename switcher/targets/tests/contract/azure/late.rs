//! A TCP proxy that can hold back what a client sends next, past its patience, and deliver it all the same: a write
//! that lands late.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// The proxy; ends with its value.
pub(crate) struct Late {
    address: SocketAddr,
    /// Milliseconds for which the next bytes of a connection that has spoken before are held; 0 for none.
    hold: Arc<AtomicU64>,
    under_way: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Late {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Late {
    pub(crate) async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (hold, under_way) = (Arc::<AtomicU64>::default(), Arc::<AtomicUsize>::default());
        let shared = (hold.clone(), under_way.clone());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (hold, under_way) = shared.clone();
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(to).await {
                        carry(client, server, hold, under_way).await;
                    }
                });
            }
        });
        Self { address, hold, under_way, task }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Holds what is sent next on a connection that is in use already.
    pub(crate) fn hold_next(&self, time: Duration) {
        self.hold.store(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Requests held back and not answered yet.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    /// Was the hold used?
    pub(crate) fn held(&self) -> bool {
        self.hold.load(Ordering::SeqCst) == 0
    }
}

async fn carry(client: TcpStream, server: TcpStream, hold: Arc<AtomicU64>, under_way: Arc<AtomicUsize>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (answered, spoken) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (heard, said) = (answered.clone(), spoken.clone());
    let down = tokio::spawn(async move {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
            heard.notify_one();
            said.fetch_add(1, Ordering::SeqCst);
            // The client may have gone; what the server says is read all the same.
            to_client.write_all(&buffer[..read]).await.ok();
        }
        to_client.shutdown().await.ok();
    });
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
        // A handshake and a request have been answered: what comes now is a request.
        let held = if spoken.load(Ordering::SeqCst) > 2 { hold.swap(0, Ordering::SeqCst) } else { 0 };
        if held > 0 {
            under_way.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(held)).await;
            // An old notice of an answer that came before does not count.
            tokio::time::timeout(Duration::ZERO, answered.notified()).await.ok();
        }
        let sent = to_server.write_all(&buffer[..read]).await;
        if held > 0 {
            tokio::time::timeout(Duration::from_secs(5), answered.notified()).await.ok();
            under_way.fetch_sub(1, Ordering::SeqCst);
        }
        if sent.is_err() {
            break;
        }
    }
    to_server.shutdown().await.ok();
    down.await.ok();
}
