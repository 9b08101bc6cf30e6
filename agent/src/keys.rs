//! The keys for encrypted files, as the Sync names them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use teal_agent_core::Digest;
use teal_api::fleet::SourceKind;
use teal_api::sync::Decryption;
use teal_sops::{AgeKeys, DataKey, Unwrap, UnwrapError, WrappedKey};

use crate::inputs::{InputRef, Inputs, Known};

/// Keys of the Secret that hold identities end so.
const AGE_ENDING: &str = ".agekey";

/// Age identities, and whoever else unwraps. `Debug` shows recipients only.
#[derive(Clone)]
pub(crate) struct Keys {
    /// Why there are none, where there should be.
    age: Result<AgeKeys, String>,
    service: Option<Service>,
    id: Digest,
}

/// A key service, or why there is none where there should be.
pub(crate) type Service = Result<Arc<dyn Unwrap>, String>;

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("age", &self.age).finish_non_exhaustive()
    }
}

impl Keys {
    /// The Secret that `decryption` names, in Teal's namespace.
    pub(crate) fn input(decryption: &Decryption, namespace: &str) -> Option<InputRef> {
        let reference = decryption.secret_ref.as_ref()?;
        Some(InputRef { kind: SourceKind::Secret, namespace: namespace.to_owned(), name: reference.name.clone() })
    }

    /// Reads the keys from what is known of that Secret.
    pub(crate) fn read(decryption: &Decryption, namespace: &str, inputs: &Inputs, service: Option<Service>) -> Self {
        let age = match Self::input(decryption, namespace) {
            None => Ok(AgeKeys::default()),
            Some(input) => identities(inputs.known(&input))
                .map_err(|problem| format!("{input}, which spec.decryption names: {problem}")),
        };
        let recipients = age.as_ref().map_or_else(|problem| vec![problem.clone()], AgeKeys::recipients);
        let azure = format!("{:?}", decryption.azure);
        let id = Digest::of_parts(recipients.iter().map(String::as_bytes).chain([azure.as_bytes()]));
        Self { age, service, id }
    }

    /// For one unit.
    pub(crate) fn asked(&self) -> Asked<'_> {
        Asked { keys: self, refused: AtomicBool::new(false) }
    }

    /// Changes with the keys; tells nothing of them but their recipients.
    pub(crate) fn id(&self) -> &Digest {
        &self.id
    }
}

/// The keys as one unit asks for them.
pub(crate) struct Asked<'a> {
    keys: &'a Keys,
    refused: AtomicBool,
}

impl Asked<'_> {
    /// Whether a service was asked and gave no key: it may another time.
    pub(crate) fn was_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Unwrap for Asked<'_> {
    fn unwrap_key(&self, key: &WrappedKey) -> Option<Result<DataKey, UnwrapError>> {
        let outcome = self.keys.unwrap_key(key);
        let asks = matches!((&self.keys.service, key), (Some(Ok(_)), WrappedKey::AzureKeyVault { .. }));
        if asks && matches!(outcome, Some(Err(_))) {
            self.refused.store(true, Ordering::Relaxed);
        }
        outcome
    }
}

fn identities(known: Option<&Known>) -> Result<AgeKeys, String> {
    let data = match known {
        Some(Known::Holds(data)) => data,
        Some(Known::Unreadable(problem)) => return Err(problem.clone()),
        Some(Known::Absent) | None => return Err("it does not exist; create it".to_owned()),
    };
    let mut keys = AgeKeys::default();
    for (name, bytes) in data.iter().filter(|(name, _)| name.ends_with(AGE_ENDING)) {
        let text = std::str::from_utf8(bytes).map_err(|_| format!("key {name} is no text"))?;
        keys.add(text).map_err(|error| format!("key {name}: {error}"))?;
    }
    if keys.recipients().is_empty() {
        return Err(format!("it has no key that ends in {AGE_ENDING}"));
    }
    Ok(keys)
}

impl Unwrap for Keys {
    fn unwrap_key(&self, key: &WrappedKey) -> Option<Result<DataKey, UnwrapError>> {
        let own = match (&self.age, key) {
            (Ok(keys), _) => keys.unwrap_key(key),
            (Err(problem), WrappedKey::Age { .. }) => Some(Err(UnwrapError(problem.clone()))),
            (Err(_), _) => None,
        };
        own.or_else(|| match (self.service.as_ref()?, key) {
            (Ok(service), _) => service.unwrap_key(key),
            (Err(problem), WrappedKey::AzureKeyVault { .. }) => Some(Err(UnwrapError(problem.clone()))),
            (Err(_), _) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Refusing;

    impl Unwrap for Refusing {
        fn unwrap_key(&self, key: &WrappedKey) -> Option<Result<DataKey, UnwrapError>> {
            matches!(key, WrappedKey::AzureKeyVault { .. }).then(|| Err(UnwrapError("403".to_owned())))
        }
    }

    #[test]
    fn only_a_service_that_was_asked_is_asked_again() {
        let of_a_vault = WrappedKey::AzureKeyVault {
            vault: "https://contoso.vault.azure.net".to_owned(),
            name: "sops".to_owned(),
            version: "1".to_owned(),
            wrapped: vec![1],
        };
        let of_age = WrappedKey::Age { recipient: "age1other".to_owned(), armored: String::new() };
        let of_pgp = WrappedKey::Other { kind: "pgp".to_owned(), name: "ABCD".to_owned() };
        let refusing = || Some(Ok(Arc::new(Refusing) as Arc<dyn Unwrap>));
        for (service, key, again) in [
            (refusing(), &of_a_vault, true),
            (refusing(), &of_age, false),
            (refusing(), &of_pgp, false),
            (Some(Err("no identity".to_owned())), &of_a_vault, false),
            (None, &of_a_vault, false),
        ] {
            let keys = Keys { age: Ok(AgeKeys::default()), service, id: Digest::of_parts([b"k".as_slice()]) };
            let asked = keys.asked();
            assert!(!matches!(asked.unwrap_key(key), Some(Ok(_))));
            assert_eq!(asked.was_refused(), again, "{key}");
        }
    }
}
