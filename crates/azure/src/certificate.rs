//! An application's certificate as a client assertion: a JWT signed here by *ring* (RFC 7523), since
//! azure_identity's own certificate credential needs OpenSSL.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use azure_core::error::ErrorKind;
use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

/// Seconds for which an assertion counts.
const LIFE: u64 = 600;
/// Smallest key in bits that Entra ID takes; *ring* takes none below it either.
const LEAST_BITS: usize = 2048;

/// A certificate that can sign assertions. Its key is never shown.
#[derive(Clone)]
pub(crate) struct Certificate {
    key: Arc<RsaKeyPair>,
    client: String,
    audience: String,
    thumbprint: String,
    /// Base64 of the chain, the leaf first; empty when it is not sent.
    chain: Vec<String>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} of {})", self.thumbprint, self.client)
    }
}

impl Certificate {
    /// Reads a PEM bundle. The error never repeats what is in it.
    pub(crate) fn read(pem: &[u8], client: &str, audience: String, send_chain: bool) -> Result<Self, String> {
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|_| "a certificate in the PEM file can't be read".to_owned())?;
        let Some(leaf) = certificates.first() else {
            return Err("the PEM file has no `BEGIN CERTIFICATE`".to_owned());
        };
        let key = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| "the PEM file has no unencrypted `BEGIN PRIVATE KEY` or `BEGIN RSA PRIVATE KEY`".to_owned())?;
        let key = match &key {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err("the key is no RSA key; Entra ID takes no other".to_owned()),
        };
        let key = key.map_err(|why| format!("the key is no RSA key of {LEAST_BITS} to 4096 bits ({why})"))?;
        let thumbprint = ring::digest::digest(&ring::digest::SHA256, leaf);
        let chain = if send_chain { certificates.iter().map(|one| STANDARD.encode(one)).collect() } else { Vec::new() };
        Ok(Self {
            key: Arc::new(key),
            client: client.to_owned(),
            audience,
            thumbprint: URL_SAFE_NO_PAD.encode(thumbprint),
            chain,
        })
    }

    /// One assertion as of `now` (Unix seconds).
    pub(crate) fn assertion(&self, now: u64) -> Result<String, String> {
        let random = SystemRandom::new();
        let mut id = [0_u8; 16];
        random.fill(&mut id).map_err(|_| "the system gives no random numbers".to_owned())?;
        let mut header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        if !self.chain.is_empty() {
            header["x5c"] = json!(self.chain);
        }
        let claims = json!({
            "aud": self.audience, "iss": self.client, "sub": self.client,
            "jti": URL_SAFE_NO_PAD.encode(id), "nbf": now, "iat": now, "exp": now + LIFE,
        });
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &random, signed.as_bytes(), &mut signature)
            .map_err(|_| "the assertion can't be signed".to_owned())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[async_trait::async_trait]
impl ClientAssertion for Certificate {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.assertion(now).map_err(|why| azure_core::Error::with_message(ErrorKind::Credential, why))
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;

    /// Made for this test; signs nothing else.
    const PEM: &str = include_str!("../tests/data/client-certificate.pem");

    fn certificate(send_chain: bool) -> Certificate {
        Certificate::read(PEM.as_bytes(), "app", "https://login.test/t/oauth2/v2.0/token".into(), send_chain).unwrap()
    }

    fn part(jwt: &str, at: usize) -> serde_json::Value {
        let part = jwt.split('.').nth(at).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn the_assertion_verifies_and_says_who_for_whom_and_how_long() {
        let certificate = certificate(false);
        let jwt = certificate.assertion(1_000).unwrap();
        let (signed, signature) = jwt.rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, certificate.key.public().as_ref().to_vec());
        public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let (header, claims) = (part(&jwt, 0), part(&jwt, 1));
        assert_eq!((header["alg"].as_str(), header["x5c"].as_array()), (Some("PS256"), None));
        assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("app"), Some("app")));
        assert_eq!(claims["aud"], "https://login.test/t/oauth2/v2.0/token");
        assert_eq!((claims["nbf"].as_u64(), claims["exp"].as_u64()), (Some(1_000), Some(1_600)));
        assert_ne!(claims["jti"], part(&certificate.assertion(1_000).unwrap(), 1)["jti"]);
    }

    #[test]
    fn the_chain_is_sent_when_it_is_asked_for() {
        let header = part(&certificate(true).assertion(1).unwrap(), 0);
        assert_eq!(header["x5c"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn g9_what_can_not_sign_is_told_without_its_content() {
        let key_only = PEM.split("-----BEGIN CERTIFICATE").next().unwrap();
        let certificate_only = &PEM[PEM.find("-----BEGIN CERTIFICATE").unwrap()..];
        for (pem, told) in [
            ("", "no `BEGIN CERTIFICATE`"),
            (key_only, "no `BEGIN CERTIFICATE`"),
            (certificate_only, "no unencrypted"),
            ("hunter2", "no `BEGIN CERTIFICATE`"),
        ] {
            let why = Certificate::read(pem.as_bytes(), "app", String::new(), false).unwrap_err();
            assert!(why.contains(told) && !why.contains("hunter2"), "{why}");
        }
        assert!(!format!("{:?}", certificate(true)).contains("PRIVATE"));
    }
}
