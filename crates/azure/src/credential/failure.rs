//! Why there is no identity, or no token of it, in words that tell what to do.

use std::path::PathBuf;

use crate::body::tame;
use crate::error::AzureError;

/// Why a credential can't be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// No such kind.
    #[error(
        "TEAL_AZURE_CREDENTIAL is `{name}`; write `workloadIdentity`, `managedIdentity`, `clientSecret`, `clientCertificate` or `azureCli`"
    )]
    Unknown {
        /// As written.
        name: String,
    },
    /// Variables are missing.
    #[error("{kind} needs {}", variables.join(", "))]
    Missing {
        /// Which credential.
        kind: &'static str,
        /// All of them.
        variables: Vec<&'static str>,
    },
    /// A file can't be read.
    #[error("{kind}: {} can't be read: {cause}", path.display())]
    File {
        /// Which credential.
        kind: &'static str,
        /// Which file.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// The certificate is none that can sign.
    #[error("clientCertificate: {why}")]
    Certificate {
        /// What would be right.
        why: String,
    },
    /// Refused by the library.
    #[error("{kind}: {why}")]
    Refused {
        /// Which credential.
        kind: &'static str,
        /// Its words.
        why: String,
    },
}

/// What a failure to get a token means. Entra ID tells it by a number in its text.
pub(crate) fn failed(who: &'static str, error: &azure_core::Error) -> AzureError {
    let text = chain(error);
    let hints: &[(&str, &str)] = &[
        (
            "AADSTS700024",
            "the assertion is not valid now: a federated token file that has expired (is the projected token still refreshed?), or a wrong clock",
        ),
        (
            "AADSTS700211",
            "no federated identity credential trusts this cluster's issuer: compare it with `az aks show --query oidcIssuerProfile`",
        ),
        (
            "AADSTS70021",
            "no federated identity credential matches this service account: compare issuer, subject and audience",
        ),
        ("AADSTS7000215", "the client secret is wrong"),
        ("AADSTS7000222", "the client secret has expired: make a new one"),
        ("AADSTS700027", "the certificate is not one of the application's"),
        ("AADSTS700016", "the application is not known in this tenant: check AZURE_CLIENT_ID and AZURE_TENANT_ID"),
        ("AADSTS90002", "there is no such tenant in this cloud: check AZURE_TENANT_ID and the cloud"),
        ("AADSTS500011", "the audience is not known in this tenant: check the cloud and its audience"),
        ("Identity not found", "no such managed identity is assigned to this machine: check AZURE_CLIENT_ID"),
        // What azure_identity makes of every 400 of a managed identity's endpoint.
        (
            "has not been assigned to this resource",
            "no such managed identity is assigned to this machine: check AZURE_CLIENT_ID",
        ),
        ("az login", "log in with `az login`"),
    ];
    let hint = hints.iter().find(|(mark, _)| text.contains(mark)).map(|(_, hint)| *hint);
    // Without an answer from the identity service the next try may do better.
    let answered = text.contains("AADSTS") || hint.is_some();
    let hint = hint.unwrap_or("check the identity's settings, and that the identity service can be reached");
    AzureError::Credential { who, why: tame(&text), hint: hint.to_owned(), transient: !answered }
}

/// The whole chain of an error in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}
