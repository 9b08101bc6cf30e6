//! Kubeconfigs: one cluster, one user, one context, everything inline.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::pki::Signed;

/// The text of a kubeconfig with a client certificate. It is JSON, which every reader of YAML reads.
pub(super) fn kubeconfig(cluster: &str, url: &str, authority: &str, signed: &Signed) -> String {
    let user = json!({
        "client-certificate-data": STANDARD.encode(&signed.certificate),
        "client-key-data": STANDARD.encode(&signed.key),
    });
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": cluster,
        "contexts": [{ "name": cluster, "context": { "cluster": cluster, "user": cluster } }],
        "clusters": [{
            "name": cluster,
            "cluster": { "server": url, "certificate-authority-data": STANDARD.encode(authority) },
        }],
        "users": [{ "name": cluster, "user": user }],
    });
    format!("{config:#}\n")
}
