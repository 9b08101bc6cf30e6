//! The emulator's own certificate authority and what it signs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

/// Names that every certificate has.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A CA that lives as long as the process: who trusts it trusts this run only.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    names: Vec<String>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority for {:?}", self.names)
    }
}

impl Authority {
    /// A new CA; `names` are added to those that every certificate has.
    pub(crate) fn new(names: &[String]) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::<String>::new()).context("describe the CA")?;
        params.distinguished_name.push(DnType::CommonName, "azure-emulator CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().context("make the CA's key")?;
        let issuer = CertifiedIssuer::self_signed(params, key).context("sign the CA")?;
        let names = NAMES.iter().map(|name| (*name).to_owned()).chain(names.iter().cloned()).collect();
        Ok(Self { issuer, names })
    }

    /// The CA's certificate as PEM.
    pub(crate) fn certificate(&self) -> String {
        self.issuer.pem()
    }

    /// TLS for whatever name a client asks for, with HTTP/2 and 1.1: a certificate is made when it is first asked for. One
    /// certificate has all of the emulator's own names.
    pub(crate) fn acceptor_for_any(self: &Arc<Self>) -> Result<TlsAcceptor> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("choose TLS versions")?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(OnDemand { authority: self.clone(), made: Mutex::default() }));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// A certificate for these names, and its key.
    fn certify(&self, names: &[String]) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>)> {
        let mut params =
            CertificateParams::new(names.to_vec()).with_context(|| format!("a certificate for {names:?}"))?;
        params.distinguished_name.push(DnType::CommonName, "azure-emulator");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().context("make a key")?;
        let leaf = params.signed_by(&key, &self.issuer).context("sign a certificate")?;
        Ok((leaf.der().clone(), PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()))))
    }
}

/// As many names are remembered; then all are made anew.
const REMEMBERED: usize = 1_000;

/// Certificates by the name that was asked for.
struct OnDemand {
    authority: Arc<Authority>,
    made: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl std::fmt::Debug for OnDemand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("certificates on demand")
    }
}

impl ResolvesServerCert for OnDemand {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().unwrap_or("localhost").to_ascii_lowercase();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.get(&name) {
            return Some(known.clone());
        }
        let own = self.authority.names.contains(&name);
        let names = if own { self.authority.names.as_slice() } else { std::slice::from_ref(&name) };
        let (leaf, key) = self.authority.certify(names).ok()?;
        let key = rustls::crypto::ring::sign::any_supported_type(&key).ok()?;
        let certified = Arc::new(CertifiedKey::new(vec![leaf], key));
        if made.len() >= REMEMBERED {
            made.clear();
        }
        made.insert(name, certified.clone());
        Some(certified)
    }
}
