//! The keys for encrypted files, as the Sync names them.

use std::sync::Arc;

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

    /// Whether a service is asked, which may answer another time what it did not now.
    pub(crate) fn ask_a_service(&self) -> bool {
        self.service.is_some()
    }

    /// Changes with the keys; tells nothing of them but their recipients.
    pub(crate) fn id(&self) -> &Digest {
        &self.id
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
