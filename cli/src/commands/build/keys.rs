//! What opens encrypted files at a person's desk: the age keys that `sops` itself would find, and Azure Key Vault as
//! whoever the environment says. Nothing is read and nobody is asked before a file needs it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use teal_sops::{AgeKeys, DataKey, Unwrap, UnwrapError, WrappedKey};
use teal_vault::Vault;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use super::arguments::Build;

/// Said with every file that no key opens.
pub(super) const HINT: &str = "Keys are those that sops finds: age identities from --age-key-file, SOPS_AGE_KEY, SOPS_AGE_KEY_FILE or sops/age/keys.txt \
     in the configuration folder, and Azure Key Vault by the identity of the environment (AZURE_…, or az login)";

/// Keys, found when they are first needed.
pub(super) struct Keys {
    files: Vec<PathBuf>,
    age: OnceLock<Result<AgeKeys, String>>,
    vault: OnceLock<Result<Service, String>>,
}

/// A vault's client and the threads on which it works.
struct Service {
    vault: Vault,
    _runtime: Runtime,
}

impl Keys {
    pub(super) fn of(build: &Build) -> Self {
        Self { files: build.age_key_files.clone(), age: OnceLock::new(), vault: OnceLock::new() }
    }

    fn age(&self) -> &Result<AgeKeys, String> {
        self.age
            .get_or_init(|| identities(&self.files, &|name| std::env::var(name).ok().filter(|text| !text.is_empty())))
    }

    fn vault(&self) -> &Result<Service, String> {
        self.vault.get_or_init(|| {
            teal_daemon::install_crypto_provider();
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            let vault = Vault::from_environment(None, None, runtime.handle().clone());
            Ok(Service { vault: vault.map_err(|error| error.to_string())?, _runtime: runtime })
        })
    }
}

impl Unwrap for Keys {
    fn unwrap_key(&self, key: &WrappedKey) -> Option<Result<DataKey, UnwrapError>> {
        let refused = |why: &String| Some(Err(UnwrapError(why.clone())));
        match key {
            WrappedKey::Age { .. } => self.age().as_ref().map_or_else(refused, |keys| keys.unwrap_key(key)),
            WrappedKey::AzureKeyVault { .. } => {
                self.vault().as_ref().map_or_else(refused, |service| service.vault.unwrap_key(key))
            }
            WrappedKey::Other { .. } => None,
        }
    }
}

/// Every identity from everywhere; what is named must be there, the usual file need not be.
fn identities(files: &[PathBuf], environment: &dyn Fn(&str) -> Option<String>) -> Result<AgeKeys, String> {
    let mut keys = AgeKeys::default();
    let mut add = |from: &str, text: &str| keys.add(text).map_err(|error| format!("{from}: {error}"));
    if let Some(text) = environment("SOPS_AGE_KEY").map(Zeroizing::new) {
        add("SOPS_AGE_KEY", &text)?;
    }
    let named = environment("SOPS_AGE_KEY_FILE").map(PathBuf::from);
    for file in files.iter().chain(&named) {
        add(&file.display().to_string(), &read(file).map_err(|error| format!("{}: {error}", file.display()))?)?;
    }
    if let Some(file) = usual_file(environment)
        && let Ok(text) = read(&file)
    {
        add(&file.display().to_string(), &text)?;
    }
    Ok(keys)
}

fn read(file: &Path) -> std::io::Result<Zeroizing<String>> {
    std::fs::read_to_string(file).map(Zeroizing::new)
}

/// Where sops looks when nothing is named.
fn usual_file(environment: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let at_home = |below: &str| environment("HOME").map(|home| Path::new(&home).join(below));
    let own = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
    let folder = environment("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| at_home(own))?;
    Some(folder.join("sops/age/keys.txt"))
}
