//! Session affinity: a cookie that names an origin without telling which.

use crate::front_door::{Group, label};

/// The cookie's name.
const NAME: &str = "ASLBSA";
/// The same for requests across sites.
const CROSS_SITE: &str = "ASLBSACORS";

/// The cookie's value for an origin.
pub(super) fn value(origin: &str) -> String {
    label(&format!("affinity {origin}"))
}

/// The origin of `group` that a `Cookie` header sticks its client to.
pub(super) fn origin_of(cookies: &str, group: &Group) -> Option<usize> {
    let value_of = |name: &str| {
        cookies
            .split(';')
            .filter_map(|one| one.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    let wanted = value_of(NAME).or_else(|| value_of(CROSS_SITE))?;
    group.origins.iter().position(|origin| value(&origin.id) == wanted)
}

/// The `Set-Cookie` values that stick a client to an origin.
pub(super) fn set(origin: &str, https: bool) -> Vec<String> {
    let value = value(origin);
    let mut all = vec![format!("{NAME}={value}; Path=/; HttpOnly")];
    if https {
        all.push(format!("{CROSS_SITE}={value}; Path=/; HttpOnly; Secure; SameSite=None"));
    }
    all
}
