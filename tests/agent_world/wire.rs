//! An agent's way to the API server: counts what goes there, knows what is under way, and can be held.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Request;
use kube::Client;
use kube::client::Body;
use teal_cluster::counting::Verb;
use tokio::sync::watch;

/// Lease, Events and watches aside, everything that one agent sends. Counted when it is sent: who sees what a request has
/// done finds it counted.
pub(crate) struct Wire {
    sent: AtomicUsize,
    writes: AtomicUsize,
    under_way: AtomicUsize,
    /// Writes beyond this wait.
    most: watch::Sender<usize>,
}

/// One request, until it is answered or given up.
struct UnderWay(Arc<Wire>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Wire {
    pub(crate) fn new() -> Arc<Self> {
        let most = watch::channel(usize::MAX).0;
        Arc::new(Self { sent: AtomicUsize::new(0), writes: AtomicUsize::new(0), under_way: AtomicUsize::new(0), most })
    }

    /// A client that sends through `client`.
    pub(crate) fn through(self: &Arc<Self>, client: Client) -> Client {
        let (wire, namespace) = (self.clone(), client.default_namespace().to_owned());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (wire, client) = (wire.clone(), client.clone());
            async move {
                let _under_way = wire.goes(Verb::of(&request), request.uri().path()).await;
                client.send(request).await
            }
        });
        Client::new(service, namespace)
    }

    async fn goes(self: &Arc<Self>, verb: Verb, path: &str) -> Option<UnderWay> {
        if verb == Verb::Watch || path.contains("/events") || path.contains("/leases") {
            return None;
        }
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let under_way = UnderWay(self.clone());
        self.sent.fetch_add(1, Ordering::SeqCst);
        if verb.writes() {
            if std::env::var_os("TEAL_SHOW_WRITES").is_some() {
                eprintln!("agent: {verb} {path}");
            }
            let mine = self.writes.fetch_add(1, Ordering::SeqCst);
            // The sender lives as long as this.
            let _ = self.most.subscribe().wait_for(|most| mine < *most).await;
        }
        Some(under_way)
    }

    /// Writes so far.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    /// Requests so far; `None` while one of them is under way.
    pub(crate) fn rests_at(&self) -> Option<usize> {
        let sent = self.sent.load(Ordering::SeqCst);
        (self.under_way.load(Ordering::SeqCst) == 0).then_some(sent)
    }

    /// Lets this many more writes go, and none beyond until [`Wire::release`].
    pub(crate) fn hold_after(&self, more: usize) {
        self.most.send_replace(self.writes() + more);
    }

    /// Lets everything go.
    pub(crate) fn release(&self) {
        self.most.send_replace(usize::MAX);
    }
}
