//! Kubeconfigs: one cluster, one user, one context, everything inline.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::pki::Signed;

/// How the user of a kubeconfig proves who it is.
pub(super) enum Proof<'a> {
    Certificate(&'a Signed),
    Token(&'a str),
}

/// The text of a kubeconfig. It is JSON, which every reader of YAML reads.
pub(super) fn kubeconfig(cluster: &str, url: &str, authority: &str, proof: &Proof<'_>) -> String {
    let user = match proof {
        Proof::Certificate(signed) => json!({
            "client-certificate-data": STANDARD.encode(&signed.certificate),
            "client-key-data": STANDARD.encode(&signed.key),
        }),
        Proof::Token(token) => json!({ "token": token }),
    };
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
