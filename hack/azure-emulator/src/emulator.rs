//! Start and end.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::options::Options;
use crate::provider::Background;
use crate::serve::tls::Authority;
use crate::shared::Shared;
use crate::world::World;
use crate::{dns_server, serve, state_file};

/// How long running calls may take to end.
const END: Duration = Duration::from_secs(3);

/// The emulator.
#[derive(Clone, Copy, Debug)]
pub struct Emulator;

/// An emulator that listens. Dropped, it ends without waiting and without a last write of its state.
#[derive(Debug)]
pub struct Running {
    /// Where ARM, identity, the admin API and the page are.
    pub arm: SocketAddr,
    /// Where DNS is answered, by UDP and TCP: the first of the name servers.
    pub dns: SocketAddr,
    /// The second to fourth name server, as far as asked for.
    pub dns_servers: Vec<SocketAddr>,
    /// Where managed identity is served by plain HTTP.
    pub msi: Option<SocketAddr>,
    /// Listeners of services, such as `front-door`.
    pub addresses: BTreeMap<&'static str, SocketAddr>,
    /// The CA's certificate.
    pub ca_pem: String,
    stop: CancellationToken,
    tasks: TaskTracker,
    shared: Shared,
    options: Arc<Options>,
}

impl Emulator {
    /// Starts listening; everything is served when this returns.
    ///
    /// # Errors
    /// When a port is taken, the state file is no state of ours, or the CA's file can't be written.
    pub async fn start(options: Options) -> Result<Running> {
        // Probes and proxies are clients, and those have no provider of their own; whoever chose one already keeps it.
        rustls::crypto::ring::default_provider().install_default().ok();
        let world = match &options.state {
            Some(file) => state_file::load(file)?,
            None => None,
        };
        let world = world.unwrap_or_else(|| World::seeded(options.seed));
        let authority = Arc::new(Authority::new(&options.names)?);
        let shared = Shared::new(world, crate::providers::all());
        let options = Arc::new(options);
        let background = Background {
            shared: shared.clone(),
            options: options.clone(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            authority: authority.clone(),
            announced: Arc::new(Mutex::new(BTreeMap::new())),
        };
        let started = listen(&background).await;
        if started.is_err() {
            background.stop.cancel();
        }
        let (arm, dns, msi) = started?;
        let ca_pem = authority.certificate();
        if let Some(file) = &options.ca {
            fs::write(file, &ca_pem).with_context(|| format!("write the CA's certificate to {}", file.display()))?;
        }
        let addresses = background.announced.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let [first, others @ ..] = dns.as_slice() else { anyhow::bail!("no DNS listener came up") };
        Ok(Running {
            arm,
            dns: *first,
            dns_servers: others.to_vec(),
            msi,
            addresses,
            ca_pem,
            stop: background.stop,
            tasks: background.tasks,
            shared,
            options,
        })
    }
}

/// Brings up all listeners and the services' work.
async fn listen(background: &Background) -> Result<(SocketAddr, Vec<SocketAddr>, Option<SocketAddr>)> {
    let options = &background.options;
    let arm = serve::arm(background, options.listen).await?;
    let mut dns = Vec::new();
    for (server, address) in std::iter::once(options.dns).chain(options.dns_servers.iter().copied()).enumerate() {
        dns.push(dns_server::start(background, address, server).await?);
    }
    let msi = match options.msi {
        Some(address) => Some(serve::managed_identity(background, address).await?),
        None => None,
    };
    background.shared.with(|world| {
        world.addresses.insert("arm", arm);
        world.addresses.extend(dns.first().map(|first| ("dns", *first)));
        world.addresses.extend(msi.map(|msi| ("msi", msi)));
    });
    for provider in background.shared.providers() {
        provider.start(background).await.with_context(|| format!("start {}", provider.name()))?;
    }
    if let Some(file) = &options.state {
        state_file::keep(background, file.clone());
    }
    Ok((arm, dns, msi))
}

impl Running {
    /// Base URL of the resource manager and of the authority: `https://localhost:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        let host = if self.arm.ip().is_loopback() || self.arm.ip().is_unspecified() {
            "localhost".to_owned()
        } else {
            self.arm.ip().to_string()
        };
        format!("https://{host}:{}", self.arm.port())
    }

    /// One line that says where it listens.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut line = format!("azure-emulator listens on https://{} dns {}", self.arm, self.dns);
        for server in &self.dns_servers {
            line.push_str(&format!(" dns-server {server}"));
        }
        if let Some(msi) = self.msi {
            line.push_str(&format!(" msi http://{msi}/msi/token"));
        }
        for (what, address) in &self.addresses {
            line.push_str(&format!(" {what} {address}"));
        }
        line
    }

    /// Ends all listeners, waits for calls that run, and writes the state a last time.
    ///
    /// # Errors
    /// When the state can't be written.
    pub async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.tasks.close();
        // A client that keeps a stream open must not keep the process.
        let _ = tokio::time::timeout(END, self.tasks.wait()).await;
        match &self.options.state {
            Some(file) => state_file::save(&self.shared, file),
            None => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
