//! Clouds: where to sign in, where ARM is, and for whom a token is.

use reqwest::Url;

/// The variable that says where a custom cloud's ARM is.
pub(crate) const ARM_ENDPOINT: &str = "TEAL_AZURE_ARM_ENDPOINT";
/// The variable that says where one signs in to a custom cloud.
pub(crate) const AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";

/// One Azure cloud. All addresses are `https://` without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// Name for people: `public`, `usGovernment`, `china` or `custom`.
    pub name: &'static str,
    /// Where tokens come from.
    pub authority: String,
    /// Where ARM is.
    pub arm: String,
    /// For whom a token for ARM is; `/.default` is added to it.
    pub audience: String,
    /// Host suffix of Key Vaults, without a dot in front: tokens for vaults are sent to no other host.
    pub vault_suffix: String,
}

/// Why a cloud can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// No cloud of this name.
    #[error("{field} is `{name}`, which is no cloud; write `public`, `usGovernment`, `china` or `custom`")]
    Unknown {
        /// The variable that names it.
        field: &'static str,
        /// As written.
        name: String,
    },
    /// A custom cloud needs its addresses.
    #[error("a custom cloud needs {field}")]
    Missing {
        /// The variable that should hold the address.
        field: &'static str,
    },
    /// Not an address that a token may be sent to.
    #[error("{field} is `{value}`: write `https://host[:port]`; tokens are never sent without TLS")]
    NotHttps {
        /// The variable that holds the address.
        field: &'static str,
        /// As written.
        value: String,
    },
}

impl Cloud {
    /// Azure for everybody.
    #[must_use]
    pub fn public() -> Self {
        let (login, arm) = ("https://login.microsoftonline.com", "https://management.azure.com");
        Self::fixed("public", login, arm, "vault.azure.net")
    }

    /// Azure of the US Government.
    #[must_use]
    pub fn us_government() -> Self {
        let (login, arm) = ("https://login.microsoftonline.us", "https://management.usgovcloudapi.net");
        Self::fixed("usGovernment", login, arm, "vault.usgovcloudapi.net")
    }

    /// Azure in China, operated by 21Vianet.
    #[must_use]
    pub fn china() -> Self {
        let (login, arm) = ("https://login.chinacloudapi.cn", "https://management.chinacloudapi.cn");
        Self::fixed("china", login, arm, "vault.azure.cn")
    }

    /// Any other ARM: Azure Stack, a private cloud, an emulator. The audience is ARM's address when `None`.
    ///
    /// # Errors
    /// An address that is not `https://`, told by the variable that usually holds it.
    pub fn custom(authority: &str, arm: &str, audience: Option<&str>, vault_suffix: &str) -> Result<Self, CloudError> {
        let all = Self::custom_or_all(authority, arm, audience, vault_suffix);
        all.map_err(|mut wrong| wrong.remove(0))
    }

    /// As [`Cloud::custom`]; every address that is wrong, at least one.
    pub(crate) fn custom_or_all(
        authority: &str,
        arm: &str,
        audience: Option<&str>,
        vault_suffix: &str,
    ) -> Result<Self, Vec<CloudError>> {
        let (authority, arm) = match (https(AUTHORITY_HOST, authority), https(ARM_ENDPOINT, arm)) {
            (Ok(authority), Ok(arm)) => (authority, arm),
            (authority, arm) => return Err(authority.err().into_iter().chain(arm.err()).collect()),
        };
        let audience = audience.map_or_else(|| arm.clone(), |audience| audience.trim_end_matches('/').to_owned());
        let vault_suffix = vault_suffix.trim_start_matches('.').to_ascii_lowercase();
        Ok(Self { name: "custom", authority, arm, audience, vault_suffix })
    }

    /// By name, in any of the spellings that Azure's own tools use; `field` is where it was read, for the error.
    ///
    /// # Errors
    /// Any other word. `custom` is none of these: it needs addresses.
    pub fn named(field: &'static str, name: &str) -> Result<Self, CloudError> {
        match name.to_ascii_lowercase().as_str() {
            "public" | "azurepublic" | "azurecloud" | "azurepubliccloud" => Ok(Self::public()),
            "usgovernment" | "azureusgovernment" | "azuregovernment" | "azureusgovernmentcloud" => {
                Ok(Self::us_government())
            }
            "china" | "azurechina" | "azurechinacloud" => Ok(Self::china()),
            _ => Err(CloudError::Unknown { field, name: name.to_owned() }),
        }
    }

    /// The scope of tokens for ARM.
    #[must_use]
    pub fn arm_scope(&self) -> String {
        // The double slash of `https://management.core.windows.net//.default` is never wanted here: see `custom`.
        format!("{}/.default", self.audience)
    }

    /// The scope of tokens for Key Vaults.
    #[must_use]
    pub fn vault_scope(&self) -> String {
        format!("https://{}/.default", self.vault_suffix)
    }

    /// May a token for ARM be sent to this URL? ARM's own host and the regional hosts below it.
    #[must_use]
    pub fn is_arm(&self, url: &Url) -> bool {
        let Ok(arm) = Url::parse(&self.arm) else { return false };
        let (Some(host), Some(own)) = (url.host_str(), arm.host_str()) else { return false };
        let port = url.port_or_known_default() == arm.port_or_known_default();
        url.scheme() == "https" && port && (host == own || host.ends_with(&format!(".{own}")))
    }

    /// May a token for Key Vaults be sent to this URL?
    #[must_use]
    pub fn is_vault(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let suffix = &self.vault_suffix;
        !suffix.is_empty() && url.scheme() == "https" && (host == suffix || host.ends_with(&format!(".{suffix}")))
    }

    fn fixed(name: &'static str, authority: &str, arm: &str, vault_suffix: &str) -> Self {
        let [authority, arm, vault_suffix] = [authority, arm, vault_suffix].map(str::to_owned);
        Self { name, authority, audience: arm.clone(), arm, vault_suffix }
    }
}

fn https(field: &'static str, value: &str) -> Result<String, CloudError> {
    let url = Url::parse(value).ok().filter(|url| url.scheme() == "https" && url.has_host() && url.query().is_none());
    match url {
        Some(url) => Ok(url.as_str().trim_end_matches('/').to_owned()),
        None => Err(CloudError::NotHttps { field, value: value.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clouds_are_known_by_the_names_of_azures_tools() {
        for (name, arm) in [
            ("public", "https://management.azure.com"),
            ("AzureCloud", "https://management.azure.com"),
            ("AzureUSGovernment", "https://management.usgovcloudapi.net"),
            ("AzureChinaCloud", "https://management.chinacloudapi.cn"),
        ] {
            assert_eq!(Cloud::named("X", name).unwrap().arm, arm);
        }
        let error = Cloud::named("X", "germany").unwrap_err();
        assert!(error.to_string().contains("`public`, `usGovernment`, `china` or `custom`"), "{error}");
    }

    #[test]
    fn a_token_goes_to_no_stranger() {
        let public = Cloud::public();
        for (url, arm, vault) in [
            ("https://management.azure.com/subscriptions/s", true, false),
            ("https://eastus.management.azure.com/x", true, false),
            ("https://MANAGEMENT.azure.com/x", true, false),
            ("http://management.azure.com/x", false, false),
            ("https://management.azure.com:8443/x", false, false),
            ("https://management.azure.com.evil.test/x", false, false),
            ("https://evilmanagement.azure.com/x", false, false),
            ("https://contoso.vault.azure.net/keys/k", false, true),
            ("https://vault.azure.net.evil.test/keys/k", false, false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!((public.is_arm(&url), public.is_vault(&url)), (arm, vault), "{url}");
        }
    }

    #[test]
    fn a_custom_cloud_needs_tls() {
        let cloud = Cloud::custom("https://localhost:9443/", "https://localhost:9443", None, ".localhost").unwrap();
        assert_eq!(
            (cloud.arm.as_str(), cloud.arm_scope().as_str()),
            ("https://localhost:9443", "https://localhost:9443/.default")
        );
        assert!(cloud.is_vault(&Url::parse("https://localhost:9443/keys/k").unwrap()));
        let error = Cloud::custom("http://localhost", "https://localhost", None, "").unwrap_err();
        assert!(error.to_string().contains("never sent without TLS"), "{error}");
    }
}
