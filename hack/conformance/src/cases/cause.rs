//! Whether two error messages name the same cause. Wordings differ on purpose; what is compared is what sort of mistake
//! each names, and which file, object or field.

/// What kustomize says → words of which a message about the same mistake has one.
const SORTS: &[(&str, &[&str])] = &[
    ("already registered id", &["twice", "already"]),
    ("expected kind 'component'", &["component"]),
    ("expected kind != 'component'", &["component"]),
    ("apiversion for component", &["apiversion"]),
    ("file is not directory", &["folder", "file", "component", "twice"]),
    ("unable to find one of 'kustomization.yaml'", &["no kustomization file"]),
    ("found multiple kustomization files", &["more than one kustomization"]),
    ("mapping key", &["twice", "already", "duplicate"]),
    ("malformedyamlerror", &["expected a key of the mapping"]),
    ("namespace is blank", &["namespace"]),
    ("cannot use both", &["version", "path"]),
    ("openapi version is not built in", &["openapi", "version"]),
    ("patch appears to be empty", &["empty", "no object", "holds no"]),
    ("multiple matches", &["several", "more than one", "matches"]),
    ("no matches for", &["no object", "match"]),
    ("must be one of", &["must be", "expected"]),
    ("is not in or below", &["not in this folder or below", "outside", "not in or below"]),
    ("external plugins disabled", &["plugin", "transformer", "not built in", "no built-in"]),
    ("behavior must be merge or replace", &["behavior", "twice", "already"]),
];

/// Says whether `got` is about the mistake that `want` tells.
pub(super) fn is_same(want: &str, got: &str) -> bool {
    let (want, got) = (want.to_lowercase(), got.to_lowercase());
    let sorts: Vec<&[&str]> = SORTS.iter().filter(|(said, _)| want.contains(said)).map(|(_, words)| *words).collect();
    let same_sort = sorts.iter().any(|words| words.iter().any(|word| got.contains(word)));
    let named = names(&want);
    let same_name = named.is_empty() || named.iter().any(|name| got.contains(name));
    same_sort && same_name
}

/// What a message of kustomize speaks of: files, objects as `Kind.v1.group/name.[ns]`, folders and quoted words.
fn names(want: &str) -> Vec<&str> {
    let words = want.split(|c: char| c.is_whitespace() || "'\"`,;:()=&<>[]{}".contains(c));
    let words = words.map(|word| word.trim_matches('.')).filter(|word| word.len() > 1);
    let named = words.filter_map(|word| match word.rsplit_once('/') {
        Some((_, last)) => Some(last),
        None if word.ends_with(".yaml") || word.ends_with(".yml") => Some(word),
        None => None,
    });
    let quoted = want.split('"').skip(1).step_by(2).filter(|word| !word.is_empty() && !word.contains(' '));
    let fields = want.split('\'').skip(1).step_by(2).filter(|word| !word.contains(['/', ' ', '{']) && !word.is_empty());
    let fields = fields.map(|path| path.rsplit('.').next().unwrap_or(path));
    let mut names: Vec<&str> = named.chain(quoted).chain(fields).filter(|name| !name.is_empty()).collect();
    // Where several files are named, a message about all of them need not repeat one.
    if want.contains("patch appears to be empty") {
        names.clear();
    }
    names.retain(|name| {
        !["kustomization.yaml", "kustomization.yml", "kustomization", "input", "v1alpha1"].contains(name)
    });
    names
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn the_sort_and_the_subject_count_and_the_wording_does_not() {
        let want = "may not add resource with an already registered id: Deployment.v1.apps/web.[noNs]";
        assert!(is_same(want, "Error: apps/v1 Deployment web is defined twice: a.yaml:1 and b.yaml:1"));
        assert!(!is_same(want, "Error: apps/v1 Deployment other is defined twice"));
        assert!(!is_same(want, "Error: web is no Component"));
        assert!(!is_same("a sort nobody listed: web", "web"));
        let want = "MalformedYAMLError: yaml: line 9: did not find expected key in File: service.yaml";
        assert!(is_same(want, "Error: service.yaml:9:3: expected a key of the mapping"));
        assert!(!is_same(want, "Error: service.yaml:9:3: `kind` is missing"));
        assert!(!is_same(want, "Error: other.yaml:9:3: expected a key of the mapping"));
    }
}
