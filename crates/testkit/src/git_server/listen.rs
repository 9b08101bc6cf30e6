//! The socket: a thread with its own runtime, TLS when asked for, connections dropped when told so.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{Fault, Shared, backend};

/// A certificate for 127.0.0.1 and localhost, and the CA that signed it.
pub(super) struct Identity {
    pub(super) ca: String,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    pub(super) fn make() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?;
        let leaf = leaf.signed_by(&key, &issuer)?;
        Ok(Self {
            ca: issuer.pem(),
            certificate: leaf.der().clone(),
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        })
    }

    fn acceptor(self) -> Result<TlsAcceptor> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate], self.key)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// Serves until `stop`; requests that still run then are cut off.
pub(super) fn run(
    socket: std::net::TcpListener,
    identity: Option<Identity>,
    shared: Arc<Shared>,
    stop: CancellationToken,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let tls = identity.map(Identity::acceptor).transpose()?;
    runtime.block_on(async {
        let door = Door { socket: TcpListener::from_std(socket)?, tls, shared: Arc::clone(&shared) };
        let app = Router::new().fallback(backend::handle).with_state(shared);
        tokio::select! {
            () = stop.cancelled() => Ok(()),
            ended = axum::serve(door, app) => ended.context("serving failed"),
        }
    })?;
    runtime.shutdown_background();
    Ok(())
}

pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Socket for T {}

struct Door {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
}

impl Listener for Door {
    type Io = Box<dyn Socket>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.socket.accept().await else { continue };
            if self.shared.with(|state| state.fault == Fault::Drop) {
                continue;
            }
            let Some(tls) = &self.tls else { return (Box::new(stream), address) };
            // A client that does not trust us ends the handshake; a silent one must not hold up the others.
            if let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_secs(20), tls.accept(stream)).await {
                return (Box::new(stream), address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.socket.local_addr()
    }
}
