//! The emulator's own certificate authority and what it signs.

use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
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

    /// TLS for the emulator's own names, with HTTP/2 and 1.1.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor> {
        self.acceptor_for(&self.names)
    }

    /// TLS for these names (`*.` at the start is a wildcard) and addresses.
    pub(crate) fn acceptor_for(&self, names: &[String]) -> Result<TlsAcceptor> {
        let mut params =
            CertificateParams::new(names.to_vec()).with_context(|| format!("a certificate for {names:?}"))?;
        params.distinguished_name.push(DnType::CommonName, "azure-emulator");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().context("make a key")?;
        let leaf = params.signed_by(&key, &self.issuer).context("sign a certificate")?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("choose TLS versions")?
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .context("use the certificate")?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
