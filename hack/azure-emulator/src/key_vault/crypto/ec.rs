//! Elliptic curves as Key Vault does them: signatures of digests that the caller made.

use k256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

use super::{decode, encode};
use crate::check::text;

/// A curve's name, its algorithm of signatures, bytes of a number in it, and of the digests that it signs.
const CURVES: [(&str, &str, usize, usize); 4] =
    [("P-256", "ES256", 32, 32), ("P-256K", "ES256K", 32, 32), ("P-384", "ES384", 48, 48), ("P-521", "ES512", 66, 64)];
/// A random number lies outside of a curve's order seldom, and so often in a row never.
const TRIES: usize = 64;

/// A private key on a curve. It shows itself to nobody.
pub(in crate::key_vault) enum EcKey {
    P256(p256::ecdsa::SigningKey),
    K256(k256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
}

/// Does the same for each curve: their types have nothing in common but names.
macro_rules! each {
    ($key:expr, $one:ident, $curve:ident => $what:expr) => {
        match $key {
            EcKey::P256($one) => {
                use p256::ecdsa as $curve;
                $what
            }
            EcKey::K256($one) => {
                use k256::ecdsa as $curve;
                $what
            }
            EcKey::P384($one) => {
                use p384::ecdsa as $curve;
                $what
            }
            EcKey::P521($one) => {
                use p521::ecdsa as $curve;
                $what
            }
        }
    };
}

fn facts(curve: &str) -> Result<(&'static str, &'static str, usize, usize), String> {
    CURVES.into_iter().find(|(name, ..)| *name == curve).ok_or_else(|| {
        let names: Vec<&str> = CURVES.iter().map(|(name, ..)| *name).collect();
        format!("'{curve}' is no curve: {}.", names.join(", "))
    })
}

impl EcKey {
    /// A new key on a curve such as `P-256`.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn generate(curve: &str) -> Result<Self, String> {
        let (_, _, size, _) = facts(curve)?;
        let random = SystemRandom::new();
        for _ in 0..TRIES {
            let mut number = vec![0; size];
            random.fill(&mut number).map_err(|_| "the operating system gives no random bytes".to_owned())?;
            if curve == "P-521" {
                // 521 bits in 66 bytes leave seven that are always zero.
                number[0] &= 1;
            }
            if let Some(key) = Self::of_number(curve, &number) {
                return Ok(key);
            }
        }
        Err("no random number fits the curve".to_owned())
    }

    fn of_number(curve: &str, number: &[u8]) -> Option<Self> {
        match curve {
            "P-256" => p256::ecdsa::SigningKey::from_slice(number).ok().map(Self::P256),
            "P-256K" => k256::ecdsa::SigningKey::from_slice(number).ok().map(Self::K256),
            "P-384" => p384::ecdsa::SigningKey::from_slice(number).ok().map(Self::P384),
            "P-521" => p521::ecdsa::SigningKey::from_slice(number).ok().map(Self::P521),
            _ => None,
        }
    }

    /// A key from the parts of a JSON web key: crv, d, x and y.
    ///
    /// # Errors
    /// A sentence that says which part is wrong, and not what it holds.
    pub(super) fn import(jwk: &Value) -> Result<Self, String> {
        let curve = text(jwk, "/crv").ok_or("The key has no 'crv'.")?;
        let (_, _, size, _) = facts(curve)?;
        let part = |name: &str| -> Result<Vec<u8>, String> {
            let text = text(jwk, &format!("/{name}")).ok_or_else(|| format!("The key has no '{name}'."))?;
            let bytes = decode(text).ok_or_else(|| format!("'{name}' of the key is not base64url."))?;
            let missing = size.checked_sub(bytes.len()).ok_or_else(|| format!("'{name}' is too long for {curve}."))?;
            Ok([vec![0; missing], bytes].concat())
        };
        let key = Self::of_number(curve, &part("d")?).ok_or_else(|| format!("'d' is no number of {curve}."))?;
        if key.public() != (part("x")?, part("y")?) {
            return Err("The parts of the key don't fit together: x and y are not those of d.".to_owned());
        }
        Ok(key)
    }

    /// As it is stored: the curve's name and the number.
    pub(super) fn to_text(&self) -> String {
        let number = match self {
            Self::P256(key) => key.to_bytes().to_vec(),
            Self::K256(key) => key.to_bytes().to_vec(),
            Self::P384(key) => key.to_bytes().to_vec(),
            Self::P521(key) => key.to_bytes().to_vec(),
        };
        format!("{}:{}", self.curve(), encode(&number))
    }

    /// As it was stored.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn from_text(text: &str) -> Result<Self, String> {
        let read = || {
            let (curve, number) = text.split_once(':')?;
            Self::of_number(curve, &decode(number)?)
        };
        read().ok_or_else(|| "the stored key can't be read".to_owned())
    }

    /// Its curve's name.
    pub(super) const fn curve(&self) -> &'static str {
        match self {
            Self::P256(_) => "P-256",
            Self::K256(_) => "P-256K",
            Self::P384(_) => "P-384",
            Self::P521(_) => "P-521",
        }
    }

    /// The point that everybody may see, x and y.
    pub(super) fn public(&self) -> (Vec<u8>, Vec<u8>) {
        let point = match self {
            Self::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::K256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P521(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        };
        // A byte that says that it is whole goes before it.
        let whole = point.get(1..).unwrap_or_default();
        let (x, y) = whole.split_at(whole.len() / 2);
        (x.to_vec(), y.to_vec())
    }

    /// Why an algorithm is refused.
    pub(super) fn unfit(&self, algorithm: &str) -> String {
        let own = facts(self.curve()).map_or("", |(_, own, ..)| own);
        format!("Key and signing algorithm are incompatible: '{algorithm}'; this key takes {own}.")
    }

    /// The length of its digests, if the algorithm is its own.
    fn fits(&self, algorithm: &str) -> Result<usize, String> {
        let (_, own, _, digest) = facts(self.curve())?;
        if own == algorithm { Ok(digest) } else { Err(self.unfit(algorithm)) }
    }

    /// Signs a digest; the signature is r and s, one after the other.
    ///
    /// # Errors
    /// A sentence, for another algorithm or a digest of another length.
    pub(super) fn sign(&self, algorithm: &str, digest: &[u8]) -> Result<Vec<u8>, String> {
        let length = self.fits(algorithm)?;
        if digest.len() != length {
            return Err(format!("Invalid length of 'value': {} bytes instead of {length}.", digest.len()));
        }
        each!(self, key, curve => {
            let signed: Result<curve::Signature, _> = key.sign_prehash(digest);
            signed.map(|signature| signature.to_bytes().to_vec()).map_err(|error| error.to_string())
        })
    }

    /// Is it this key's signature of a digest?
    ///
    /// # Errors
    /// A sentence, for another algorithm.
    pub(super) fn verify(&self, algorithm: &str, digest: &[u8], signature: &[u8]) -> Result<bool, String> {
        self.fits(algorithm)?;
        Ok(each!(self, key, curve => curve::Signature::from_slice(signature).is_ok_and(|signature| {
            // Either of s and its negative is good; one of the curves wants the smaller.
            key.verifying_key().verify_prehash(digest, &signature.normalize_s()).is_ok()
        })))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_curve_signs_what_its_key_alone_signed() {
        for (curve, algorithm, size, length) in CURVES {
            let (key, other) = (EcKey::generate(curve).unwrap(), EcKey::generate(curve).unwrap());
            let key = EcKey::from_text(&key.to_text()).unwrap();
            let digest = vec![7; length];
            let signature = key.sign(algorithm, &digest).unwrap();
            assert_eq!((key.curve(), signature.len()), (curve, 2 * size));
            assert_eq!(key.verify(algorithm, &digest, &signature), Ok(true), "{curve}");
            assert_eq!(key.verify(algorithm, &vec![8; length], &signature), Ok(false), "{curve}");
            assert_eq!(other.verify(algorithm, &digest, &signature), Ok(false), "{curve}");
            assert_eq!(key.verify(algorithm, &digest, b"short"), Ok(false), "{curve}");
            assert!(key.sign(algorithm, &digest[1..]).is_err(), "{curve}");
            assert!(key.sign("RS256", &digest).is_err_and(|why| why.contains(algorithm)), "{curve}");
        }
    }

    #[test]
    fn an_import_needs_parts_that_fit_together_and_shows_none() {
        let (key, other) = (EcKey::generate("P-384").unwrap(), EcKey::generate("P-384").unwrap());
        let d = key.to_text().split_once(':').unwrap().1.to_owned();
        let jwk = |of: &EcKey| {
            let (x, y) = of.public();
            json!({"kty": "EC", "crv": "P-384", "d": d, "x": encode(&x), "y": encode(&y)})
        };
        assert_eq!(EcKey::import(&jwk(&key)).unwrap().public(), key.public());
        for (wrong, part) in [
            (jwk(&other), "fit together"),
            (json!({"crv": "P-999"}), "P-999"),
            (json!({"crv": "P-384", "d": "se!cret"}), "'d'"),
            (json!({"crv": "P-256", "d": d, "x": "", "y": ""}), "'d'"),
        ] {
            let why = EcKey::import(&wrong).err().unwrap();
            assert!(why.contains(part) && !why.contains("cret") && !why.contains(&d), "{why}");
        }
    }
}
