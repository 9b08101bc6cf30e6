//! RSA as Key Vault does it.

use ring::rand::{SecureRandom, SystemRandom};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PrivateKey};
use serde_json::Value;
use sha1::Sha1;

use super::{decode, encode};
use crate::check::text;

/// Sizes that can be asked for.
pub(super) const SIZES: [u64; 3] = [2048, 3072, 4096];
/// Algorithms of encryption and wrapping.
pub(super) const ALGORITHMS: [&str; 3] = ["RSA-OAEP-256", "RSA-OAEP", "RSA1_5"];
/// Algorithms of signatures.
pub(super) const SIGNATURES: [&str; 6] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

/// The operating system's randomness, through the one crypto provider.
struct Dice(SystemRandom);

#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random bytes")]
struct NoRandom;

impl TryRng for Dice {
    type Error = NoRandom;

    fn try_next_u32(&mut self) -> Result<u32, NoRandom> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoRandom> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), NoRandom> {
        self.0.fill(bytes).map_err(|_| NoRandom)
    }
}

impl TryCryptoRng for Dice {}

fn dice() -> Dice {
    Dice(SystemRandom::new())
}

/// A private key. It shows itself to nobody.
pub(in crate::key_vault) struct RsaKey(PrivateKey);

impl RsaKey {
    /// A new key of so many bits.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn generate(bits: u64) -> Result<Self, String> {
        let bits = usize::try_from(bits).map_err(|_| "that many bits are too many".to_owned())?;
        PrivateKey::new(&mut dice(), bits).map(Self).map_err(|error| error.to_string())
    }

    /// A key from the parts of a JSON web key: n, e, d, p and q.
    ///
    /// # Errors
    /// A sentence that says which part is wrong, and not what it holds.
    pub(super) fn import(jwk: &Value) -> Result<Self, String> {
        let part = |name: &str| -> Result<BoxedUint, String> {
            let text = text(jwk, &format!("/{name}")).ok_or_else(|| format!("The key has no '{name}'."))?;
            let bytes = decode(text).ok_or_else(|| format!("'{name}' of the key is not base64url."))?;
            Ok(BoxedUint::from_be_slice_vartime(&bytes))
        };
        let primes = vec![part("p")?, part("q")?];
        let key = PrivateKey::from_components(part("n")?, part("e")?, part("d")?, primes);
        key.map(Self).map_err(|error| format!("The parts of the key don't fit together: {error}."))
    }

    /// As it is stored.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn to_pem(&self) -> Result<String, String> {
        self.0.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.to_string()).map_err(|error| error.to_string())
    }

    /// As it was stored.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn from_pem(pem: &str) -> Result<Self, String> {
        PrivateKey::from_pkcs8_pem(pem).map(Self).map_err(|error| error.to_string())
    }

    /// How many bits it has.
    pub(super) fn bits(&self) -> u64 {
        self.0.n_bytes().len() as u64 * 8
    }

    /// The modulus and the exponent, base64url.
    pub(super) fn public(&self) -> (String, String) {
        (encode(&self.0.n_bytes()), encode(&self.0.e_bytes()))
    }

    /// Encrypts a value.
    ///
    /// # Errors
    /// A sentence, for an unknown algorithm or a value that is too long.
    pub(super) fn encrypt(&self, algorithm: &str, value: &[u8]) -> Result<Vec<u8>, String> {
        let public = self.0.to_public_key();
        match algorithm {
            "RSA-OAEP-256" => public.oaep_encrypt_with_rng::<rsa::sha2::Sha256, _>(&mut dice(), value),
            "RSA-OAEP" => public.oaep_encrypt_with_rng::<Sha1, _>(&mut dice(), value),
            "RSA1_5" => public.pkcs1v15_encrypt_with_rng(&mut dice(), value),
            _ => return Err(unknown(algorithm)),
        }
        .map_err(|error| error.to_string())
    }

    /// Decrypts a value.
    ///
    /// # Errors
    /// A sentence, for an unknown algorithm or a value that this key didn't encrypt.
    pub(super) fn decrypt(&self, algorithm: &str, value: &[u8]) -> Result<Vec<u8>, String> {
        match algorithm {
            "RSA-OAEP-256" => self.0.oaep_decrypt_with_rng::<rsa::sha2::Sha256, _>(&mut dice(), value),
            "RSA-OAEP" => self.0.oaep_decrypt_with_rng::<Sha1, _>(&mut dice(), value),
            "RSA1_5" => self.0.pkcs1v15_decrypt_with_rng(&mut dice(), value),
            _ => return Err(unknown(algorithm)),
        }
        .map_err(|_| "The parameter is incorrect: this key can't decrypt the value.".to_owned())
    }

    /// Signs a digest.
    ///
    /// # Errors
    /// A sentence, for an unknown algorithm or a digest of another length.
    pub(super) fn sign(&self, algorithm: &str, digest: &[u8]) -> Result<Vec<u8>, String> {
        match algorithm {
            "RS256" => self.0.pkcs1v15_sign_prehash_with_rng::<rsa::sha2::Sha256, _>(&mut dice(), digest),
            "RS384" => self.0.pkcs1v15_sign_prehash_with_rng::<rsa::sha2::Sha384, _>(&mut dice(), digest),
            "RS512" => self.0.pkcs1v15_sign_prehash_with_rng::<rsa::sha2::Sha512, _>(&mut dice(), digest),
            "PS256" => self.0.pss_sign_prehash_with_rng::<rsa::sha2::Sha256, _>(&mut dice(), digest),
            "PS384" => self.0.pss_sign_prehash_with_rng::<rsa::sha2::Sha384, _>(&mut dice(), digest),
            "PS512" => self.0.pss_sign_prehash_with_rng::<rsa::sha2::Sha512, _>(&mut dice(), digest),
            _ => return Err(unknown(algorithm)),
        }
        .map_err(|error| error.to_string())
    }

    /// Is it this key's signature of a digest?
    ///
    /// # Errors
    /// A sentence, for an unknown algorithm.
    pub(super) fn verify(&self, algorithm: &str, digest: &[u8], signature: &[u8]) -> Result<bool, String> {
        let public = self.0.to_public_key();
        Ok(match algorithm {
            "RS256" => public.pkcs1v15_verify_prehash::<rsa::sha2::Sha256>(digest, signature),
            "RS384" => public.pkcs1v15_verify_prehash::<rsa::sha2::Sha384>(digest, signature),
            "RS512" => public.pkcs1v15_verify_prehash::<rsa::sha2::Sha512>(digest, signature),
            "PS256" => public.pss_verify_prehash::<rsa::sha2::Sha256>(digest, signature),
            "PS384" => public.pss_verify_prehash::<rsa::sha2::Sha384>(digest, signature),
            "PS512" => public.pss_verify_prehash::<rsa::sha2::Sha512>(digest, signature),
            _ => return Err(unknown(algorithm)),
        }
        .is_ok())
    }
}

fn unknown(algorithm: &str) -> String {
    format!(
        "Key and signing algorithm are incompatible: '{algorithm}'; this key takes {} and {}.",
        ALGORITHMS.join(", "),
        SIGNATURES.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_comes_back_and_nothing_else() {
        let key = RsaKey::generate(2048).unwrap();
        let again = RsaKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(key.public(), again.public());
        assert_eq!(key.public().1, "AQAB");
        for algorithm in ALGORITHMS {
            let secret = b"a data key of 32 bytes, in truth";
            let wrapped = key.encrypt(algorithm, secret).unwrap();
            assert_eq!(
                (wrapped.len(), again.decrypt(algorithm, &wrapped).unwrap().as_slice()),
                (256, &secret[..]),
                "{algorithm}"
            );
            assert_ne!(wrapped, key.encrypt(algorithm, secret).unwrap(), "{algorithm} is randomised");
        }
        let wrapped = key.encrypt("RSA-OAEP", b"x").unwrap();
        assert!(key.decrypt("RSA-OAEP-256", &wrapped).is_err());
        assert!(key.encrypt("A256KW", b"x").is_err_and(|why| why.contains("incompatible")));
        assert!(key.encrypt("RSA-OAEP", &[0; 300]).is_err());
    }

    #[test]
    fn a_signature_is_of_one_digest_by_one_key() {
        let (key, other) = (RsaKey::generate(2048).unwrap(), RsaKey::generate(2048).unwrap());
        for (algorithm, length) in SIGNATURES.into_iter().zip([32, 48, 64].into_iter().cycle()) {
            let digest = vec![7; length];
            let signature = key.sign(algorithm, &digest).unwrap();
            assert_eq!(key.verify(algorithm, &digest, &signature), Ok(true), "{algorithm}");
            assert_eq!(key.verify(algorithm, &vec![8; length], &signature), Ok(false), "{algorithm}");
            assert_eq!(other.verify(algorithm, &digest, &signature), Ok(false), "{algorithm}");
            assert!(key.sign(algorithm, &digest[1..]).is_err(), "{algorithm}");
        }
        assert!(key.sign("ES256", &[0; 32]).is_err_and(|why| why.contains("incompatible")));
    }

    #[test]
    fn an_import_says_what_is_wrong_and_shows_nothing() {
        let why = RsaKey::import(&serde_json::json!({"n": "AQAB", "p": "se!cret", "q": "AQAB"})).err().unwrap();
        assert!(why.contains("'p'") && !why.contains("cret"), "{why}");
    }
}
