//! Paths inside a tree: `/`-joined, relative to its root, normalised; `""` is the root.

/// Resolves `relative` against the folder `base`; `None` when it leaves the tree or is absolute.
///
/// ```
/// assert_eq!(teal_kustomize::join("apps/web", "../base/./x.yaml").as_deref(), Some("apps/base/x.yaml"));
/// assert_eq!(teal_kustomize::join("apps", "../../secret"), None);
/// ```
#[must_use]
pub fn join(base: &str, relative: &str) -> Option<String> {
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

/// The folder a path stands in; `""` for what stands in the root.
#[must_use]
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Says whether `path` is `folder` or lies below it, component by component.
pub(crate) fn is_within(folder: &str, path: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The last component.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
