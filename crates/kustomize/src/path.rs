//! Paths inside a tree: `/`-joined, relative to its root, normalised; `""` is the root.

/// Resolves `relative` against the folder `base`; `None` when it leaves the tree or is absolute.
pub(crate) fn join(base: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') || relative.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Says whether `path` is `folder` or lies below it, component by component.
pub(crate) fn is_within(folder: &str, path: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The last component.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leaves_the_tree() {
        for (base, relative, want) in [
            ("apps/web", "../base/./x.yaml", Some("apps/base/x.yaml")),
            ("apps", "..", Some("")),
            ("apps", "../../secret", None),
            ("apps", "a/../../../b", None),
            ("apps", "/etc/passwd", None),
            ("apps", "a\0b", None),
        ] {
            assert_eq!(join(base, relative).as_deref(), want, "{base} {relative}");
        }
        assert!(is_within("a", "a/b") && is_within("", "a") && !is_within("a", "ab"));
    }
}
