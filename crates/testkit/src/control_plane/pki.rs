//! A certificate authority of a control plane's own, and what it signs.

use anyhow::{Context, Result, bail};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

/// How many groups [`Authority::client`] finds room for.
pub(super) const GROUPS_IN_A_CERTIFICATE: usize = 2;

/// A certificate and its private key, both PEM.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// Signs server and client certificates.
#[derive(Debug)]
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::<String>::new()).context("describe an authority")?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().context("make an authority's key")?;
        Ok(Self(CertifiedIssuer::self_signed(params, key).context("sign an authority")?))
    }

    /// The authority's own certificate.
    pub(super) fn certificate(&self) -> String {
        self.0.pem()
    }

    /// A serving certificate for names and addresses.
    pub(super) fn server(&self, names: &[&str]) -> Result<Signed> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).context("describe a server")?;
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params)
    }

    /// A client certificate: to Kubernetes its common name is the user and each organization a group.
    ///
    /// # Errors
    /// With more than [`GROUPS_IN_A_CERTIFICATE`]: the library keeps one entry of a kind, and the second goes in under the bare number of
    /// the same kind. A third finds no place.
    pub(super) fn client(&self, user: &str, groups: &[&str]) -> Result<Signed> {
        let mut params = CertificateParams::new(Vec::<String>::new()).context("describe a client")?;
        params.distinguished_name.push(DnType::CommonName, user);
        let kinds: [DnType; GROUPS_IN_A_CERTIFICATE] =
            [DnType::OrganizationName, DnType::CustomDnType(vec![2, 5, 4, 10])];
        if groups.len() > kinds.len() {
            bail!("a client certificate holds at most {} groups, not {groups:?}", kinds.len());
        }
        for (kind, group) in kinds.into_iter().zip(groups) {
            params.distinguished_name.push(kind, *group);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    fn sign(&self, mut params: CertificateParams) -> Result<Signed> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        let key = KeyPair::generate().context("make a key")?;
        let certificate = params.signed_by(&key, &self.0).context("sign a certificate")?;
        Ok(Signed { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

/// A key pair for signing service-account tokens: the private key, then the public one, both PEM.
pub(super) fn signing_keys() -> Result<(String, String)> {
    let key = KeyPair::generate().context("make the service-account key")?;
    Ok((key.serialize_pem(), key.public_key_pem()))
}
