//! What a service is to the core.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use futures::future::BoxFuture;
use hickory_proto::rr::{RData, RecordType};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::arm::{ArmError, Call, Reply, ResourceId, ResourceType};
use crate::options::Options;
use crate::shared::Shared;
use crate::world::World;

/// A service: decides on calls about its types. It keeps nothing in itself; what must last is in resources, what need
/// not outlive the process is in [`World::runtime`].
pub(crate) trait Provider: Send + Sync + 'static {
    /// Its name on the page, such as `Azure DNS`.
    fn name(&self) -> &'static str;

    /// The types and actions it serves. Anything else below its namespace is somebody else's.
    fn types(&self) -> &'static [ResourceType];

    /// Decides on one call. Faults, api-version, throttling and access have been dealt with before.
    ///
    /// # Errors
    /// The refusal; the core gives it the shape that the type says.
    fn handle(&self, world: &mut World, call: &Call) -> Result<Reply, ArmError>;

    /// A call that is no ARM path, such as a vault's data plane: `None` when it is not this service's.
    fn other(&self, world: &mut World, call: &OtherCall<'_>) -> Option<Reply> {
        let _ = (world, call);
        None
    }

    /// A long-running operation with [`crate::world::Effect::Provider`] has ended well.
    fn completed(&self, world: &mut World, resource: &ResourceId, note: &serde_json::Value) {
        let _ = (world, resource, note);
    }

    /// The DNS names that it answers beside all zones.
    fn names(&self) -> Option<&dyn Names> {
        None
    }

    /// Starts listeners and background work, which must end with [`Background::stop`].
    fn start<'a>(&'a self, background: &'a Background) -> BoxFuture<'a, Result<()>> {
        let _ = background;
        Box::pin(async { Ok(()) })
    }
}

/// A call outside of ARM.
#[derive(Clone, Debug)]
pub(crate) struct OtherCall<'a> {
    /// The method.
    pub(crate) method: &'a http::Method,
    /// Host of the request without its port, in lower case.
    pub(crate) host: &'a str,
    /// `https://host:port` as the caller used it.
    pub(crate) base: &'a str,
    /// Path as sent.
    pub(crate) path: &'a str,
    /// Query values, decoded, keys in lower case.
    pub(crate) query: &'a BTreeMap<String, String>,
    /// The headers.
    pub(crate) headers: &'a http::HeaderMap,
    /// The raw body.
    pub(crate) body: &'a [u8],
}

/// Names outside of all zones, and what alias records stand for.
pub(crate) trait Names {
    /// Answers for `name` (lower case, no dot at its end); `None` when it is nobody's here.
    fn resolve(&self, world: &mut World, name: &str, kind: RecordType) -> Option<NameAnswer>;

    /// What an alias record set that points at `target` answers for `kind`; `None` when the resource is not of this
    /// service, [`NameAnswer::NoData`] when it is and is gone or has nothing of the kind.
    fn alias(&self, world: &mut World, target: &ResourceId, kind: RecordType) -> Option<NameAnswer>;
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NameAnswer {
    /// Records of the kind that was asked for. An alias takes the TTL of its record set instead where Azure does so.
    Records {
        /// In seconds.
        ttl: u32,
        /// Never empty.
        data: Vec<RData>,
    },
    /// Another name (no dot at its end), which is looked up in turn.
    Cname {
        /// In seconds.
        ttl: u32,
        /// The other name.
        target: String,
    },
    /// The name exists and has nothing of this kind.
    NoData,
    /// The name does not exist.
    NxDomain,
}

/// What background work of a service has at hand.
#[derive(Clone, Debug)]
pub(crate) struct Background {
    /// The world, under its lock.
    pub(crate) shared: Shared,
    /// How it was started.
    pub(crate) options: Arc<Options>,
    /// Ends all work.
    pub(crate) stop: CancellationToken,
    /// Spawn here: the end waits for all of it.
    pub(crate) tasks: TaskTracker,
    /// Certificates for further TLS listeners.
    pub(crate) authority: Arc<crate::serve::tls::Authority>,
    pub(crate) announced: Arc<Mutex<BTreeMap<&'static str, SocketAddr>>>,
}

impl Background {
    /// Makes a listener's address known: on the line at the start, in the admin API, in [`crate::Running`].
    pub(crate) fn announce(&self, what: &'static str, address: SocketAddr) {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner).insert(what, address);
        self.shared.with(|world| world.addresses.insert(what, address));
    }
}

/// The addresses' record types for an IP.
pub(crate) fn address_data(address: IpAddr) -> RData {
    match address {
        IpAddr::V4(address) => RData::A(address.into()),
        IpAddr::V6(address) => RData::AAAA(address.into()),
    }
}
