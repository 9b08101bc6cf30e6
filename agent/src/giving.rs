//! What the cluster gives to rendering: keys, and the values behind `substituteFrom`.

use teal_api::fleet::{Fleet, SourceKind, SubstituteFrom};
use teal_api::sync::SyncSpec;
use teal_render::ClusterValues;

use crate::inputs::{InputRef, Inputs, Known};

/// Which object a source means.
pub(crate) fn input_of(source: &SubstituteFrom, own_namespace: &str) -> InputRef {
    let namespace = source.namespace.clone().unwrap_or_else(|| own_namespace.to_owned());
    InputRef { kind: source.kind, namespace, name: source.name.clone() }
}

/// Why the Sync does not let a source be read; `None` when it does.
pub(crate) fn refusal(spec: &SyncSpec, own_namespace: &str, input: &InputRef) -> Option<&'static str> {
    if input.namespace != own_namespace {
        let allowed = spec.substitute_namespaces.contains(&input.namespace);
        return (!allowed).then_some("its namespace is not among spec.substituteNamespaces of the Sync");
    }
    let own = [
        spec.source.secret_ref.as_ref().map(|reference| &reference.name),
        spec.parity_key_ref.as_ref().map(|reference| &reference.name),
        spec.decryption.as_ref().and_then(|decryption| decryption.secret_ref.as_ref()).map(|reference| &reference.name),
    ];
    // Whoever writes to git could read Teal's own keys out of what it applies.
    let taken = input.kind == SourceKind::Secret && own.contains(&Some(&input.name));
    taken.then_some("it holds Teal's own keys, which are for nothing else")
}

/// The objects to watch for a fleet.
pub(crate) fn inputs_of(fleet: &Fleet, spec: &SyncSpec, own_namespace: &str) -> Vec<InputRef> {
    let inputs = fleet.substitute_from.iter().map(|source| input_of(source, own_namespace));
    inputs.filter(|input| refusal(spec, own_namespace, input).is_none()).collect()
}

/// The values that are known.
pub(crate) fn values(fleet: &Fleet, spec: &SyncSpec, own_namespace: &str, inputs: &Inputs) -> ClusterValues {
    let mut values = ClusterValues::default();
    for source in &fleet.substitute_from {
        let input = input_of(source, own_namespace);
        if let Some(problem) = refusal(spec, own_namespace, &input) {
            values.refuse(source, problem);
            continue;
        }
        match inputs.known(&input) {
            Some(Known::Holds(data)) => values.add(source, Some(data)),
            Some(Known::Unreadable(problem)) => values.refuse(source, problem),
            Some(Known::Absent) | None => values.add(source, None),
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use teal_api::sync::{Decryption, LocalRef, SecretRef};

    #[test]
    fn g9_only_what_the_sync_allows_is_read() {
        let named = |name: &str| Some(LocalRef { name: name.to_owned() });
        let mut spec: SyncSpec =
            serde_json::from_str(r#"{"color": "blue", "source": {"url": "http://git.example/fleet"}}"#).unwrap();
        spec.substitute_namespaces = vec!["shared".to_owned()];
        spec.source.secret_ref = named("git");
        spec.parity_key_ref = Some(SecretRef { name: "parity".to_owned(), key: "key".to_owned() });
        spec.decryption = Some(Decryption { secret_ref: named("sops"), ..Decryption::default() });
        let secret = |namespace: &str, name: &str| InputRef {
            kind: SourceKind::Secret,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        for (input, allowed) in [
            (secret("teal-system", "facts"), true),
            (secret("shared", "git"), true),
            (secret("other", "facts"), false),
            (secret("teal-system", "git"), false),
            (secret("teal-system", "parity"), false),
            (secret("teal-system", "sops"), false),
            (InputRef { kind: SourceKind::ConfigMap, ..secret("teal-system", "git") }, true),
        ] {
            assert_eq!(refusal(&spec, "teal-system", &input).is_none(), allowed, "{input}");
        }
    }
}
