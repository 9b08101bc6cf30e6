//! What a path means: a resource, a list, an action, a group, a subscription.

use super::id::{Caseless, ResourceId, Scope};

/// What a call is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `/subscriptions`.
    Subscriptions,
    /// `/subscriptions/{id}`, or a list or action right below it such as `resourceGroups`, `providers`, `locations`.
    Subscription(Caseless, Option<String>),
    /// `/subscriptions/{id}/resourceGroups/{name}`, or what lies right below it, such as `resources`.
    Group(Caseless, Caseless, Option<String>),
    /// `/tenants`.
    Tenants,
    /// `{scope}/providers/{namespace}`, or `{scope}/providers` when `None`: what is registered there.
    Namespace(Scope, Option<String>),
    /// One resource.
    Resource(ResourceId),
    /// A list below a scope, or an action on it, as the method says. For a POST to
    /// `…/managedClusters/c/stop` the scope is the cluster, and `kind` is
    /// `Microsoft.ContainerService/managedClusters/stop`.
    Below {
        /// What it hangs under.
        scope: Scope,
        /// The namespace that the last segment belongs to.
        namespace: String,
        /// Full type of the members, or of the action.
        kind: String,
        /// Last segment, as the caller spelled it.
        last: String,
    },
}

impl Target {
    /// Reads a path. `decoded` says that percent escapes are already undone.
    ///
    /// # Errors
    /// A sentence for whoever sent it.
    pub(crate) fn parse(path: &str, decoded: bool) -> Result<Self, String> {
        // Some clients escape a scope whole before they put something behind it; the resource manager reads it all the same.
        let unescaped = path.get(..4).filter(|start| !decoded && start.eq_ignore_ascii_case("/%2f"));
        let unescaped = unescaped.map(|_| path.replace("%2F", "/").replace("%2f", "/"));
        let path = unescaped.as_deref().unwrap_or(path);
        let words: Vec<String> = path
            .split('/')
            .filter(|word| !word.is_empty())
            .map(|word| if decoded { Ok(word.to_owned()) } else { super::call::percent_decode(word) })
            .collect::<Result<_, _>>()?;
        if !path.starts_with('/') {
            return Err(format!("`{path}` is not a resource path: it must start with a slash"));
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [first, rest @ ..] if first.eq_ignore_ascii_case("subscriptions") => subscription(path, rest),
            [first] if first.eq_ignore_ascii_case("tenants") => Ok(Self::Tenants),
            [first, rest @ ..] if first.eq_ignore_ascii_case("providers") => providers(path, Scope::Tenant, rest),
            _ => Err(format!("`{path}` is no path that the resource manager knows")),
        }
    }

    /// Where it lies.
    pub(crate) fn scope(&self) -> Scope {
        match self {
            Self::Subscriptions | Self::Tenants => Scope::Tenant,
            Self::Subscription(subscription, _) => Scope::Subscription(subscription.clone()),
            Self::Group(subscription, group, _) => Scope::Group(subscription.clone(), group.clone()),
            Self::Namespace(scope, _) | Self::Below { scope, .. } => scope.clone(),
            Self::Resource(id) => Scope::Resource(Box::new(id.clone())),
        }
    }

    /// The full type of what it is about, for looking up who serves it, such as `Microsoft.Network/dnsZones/A`.
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Subscriptions | Self::Subscription(..) => "Microsoft.Resources/subscriptions".to_owned(),
            Self::Tenants => "Microsoft.Resources/tenants".to_owned(),
            Self::Group(..) => "Microsoft.Resources/subscriptions/resourceGroups".to_owned(),
            Self::Namespace(..) => "Microsoft.Resources/providers".to_owned(),
            Self::Resource(id) => id.kind(),
            Self::Below { kind, .. } => kind.clone(),
        }
    }
}

fn subscription(path: &str, words: &[&str]) -> Result<Target, String> {
    let [subscription, rest @ ..] = words else { return Ok(Target::Subscriptions) };
    let id = Caseless::new(subscription);
    match rest {
        [] => Ok(Target::Subscription(id, None)),
        [word, rest @ ..] if word.eq_ignore_ascii_case("providers") => providers(path, Scope::Subscription(id), rest),
        [word, group, rest @ ..] if word.eq_ignore_ascii_case("resourcegroups") => {
            let group = Caseless::new(group);
            match rest {
                [] => Ok(Target::Group(id, group, None)),
                [word, rest @ ..] if word.eq_ignore_ascii_case("providers") => {
                    providers(path, Scope::Group(id, group), rest)
                }
                rest => Ok(Target::Group(id, group, Some(rest.join("/")))),
            }
        }
        rest => Ok(Target::Subscription(id, Some(rest.join("/")))),
    }
}

fn providers(path: &str, scope: Scope, words: &[&str]) -> Result<Target, String> {
    let [namespace, rest @ ..] = words else { return Ok(Target::Namespace(scope, None)) };
    if rest.is_empty() {
        return Ok(Target::Namespace(scope, Some((*namespace).to_owned())));
    }
    // An extension starts again below a resource: `…/vms/v/providers/Microsoft.Insights/metrics`.
    let extension = (0..rest.len()).step_by(2).find(|&at| rest[at].eq_ignore_ascii_case("providers"));
    let own = &rest[..extension.unwrap_or(rest.len())];
    let pairs: Vec<(Caseless, Caseless)> =
        own.chunks_exact(2).map(|pair| (Caseless::new(pair[0]), Caseless::new(pair[1]))).collect();
    if let Some(at) = extension {
        if pairs.is_empty() {
            return Err(format!("`{path}` names `providers` twice without a resource between"));
        }
        let inner = ResourceId::from_parts(scope, Caseless::new(namespace), pairs);
        return providers(path, Scope::Resource(Box::new(inner)), &rest[at + 1..]);
    }
    let inner = (!pairs.is_empty()).then(|| ResourceId::from_parts(scope.clone(), Caseless::new(namespace), pairs));
    Ok(match (own.chunks_exact(2).remainder(), inner) {
        ([last], Some(id)) => Target::Below {
            kind: format!("{}/{last}", id.kind()),
            namespace: (*namespace).to_owned(),
            last: (*last).to_owned(),
            scope: Scope::Resource(Box::new(id)),
        },
        ([last], None) => Target::Below {
            kind: format!("{namespace}/{last}"),
            namespace: (*namespace).to_owned(),
            last: (*last).to_owned(),
            scope,
        },
        (_, Some(id)) => Target::Resource(id),
        (_, None) => Target::Namespace(scope, Some((*namespace).to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::Target;

    fn of(path: &str) -> String {
        let target = Target::parse(path, false).unwrap();
        let form = match &target {
            Target::Resource(_) => "resource",
            Target::Below { .. } => "below",
            Target::Namespace(..) => "namespace",
            Target::Group(..) => "group",
            Target::Subscription(..) => "subscription",
            Target::Subscriptions => "subscriptions",
            Target::Tenants => "tenants",
        };
        format!("{form} {} @ {}", target.kind(), target.scope().path())
    }

    #[test]
    fn a_scope_may_be_escaped_whole() {
        let lock = "/%2Fsubscriptions%2fs%2FresourceGroups%2Fg/providers/Microsoft.Authorization/locks/l";
        assert_eq!(of(lock), of("/subscriptions/s/resourceGroups/g/providers/Microsoft.Authorization/locks/l"));
    }

    #[test]
    fn every_form_of_path_is_read() {
        let zone = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/dnsZones/z";
        for (path, expected) in [
            (zone.to_owned(), format!("resource Microsoft.Network/dnsZones @ {zone}")),
            (format!("{zone}/A"), format!("below Microsoft.Network/dnsZones/A @ {zone}")),
            (format!("{zone}/A/%40"), format!("resource Microsoft.Network/dnsZones/A @ {zone}/A/@")),
            (
                format!("{zone}/providers/Microsoft.Insights/metrics"),
                format!("below Microsoft.Insights/metrics @ {zone}"),
            ),
            (
                "/subscriptions/s/providers/Microsoft.Network/dnszones".to_owned(),
                "below Microsoft.Network/dnszones @ /subscriptions/s".to_owned(),
            ),
            (
                "/providers/Microsoft.Network/checkTrafficManagerNameAvailability".to_owned(),
                "below Microsoft.Network/checkTrafficManagerNameAvailability @ ".to_owned(),
            ),
            (
                "/subscriptions/s/resourcegroups/g".to_owned(),
                "group Microsoft.Resources/subscriptions/resourceGroups @ /subscriptions/s/resourceGroups/g".to_owned(),
            ),
            (
                "/subscriptions/s/providers/Microsoft.Network".to_owned(),
                "namespace Microsoft.Resources/providers @ /subscriptions/s".to_owned(),
            ),
            ("/tenants".to_owned(), "tenants Microsoft.Resources/tenants @ ".to_owned()),
        ] {
            assert_eq!(of(&path), expected, "{path}");
        }
    }

    #[test]
    fn a_path_of_nobody_is_refused_in_words() {
        for path in ["nothing", "/nothing", "/subscriptions/%zz"] {
            assert!(Target::parse(path, false).is_err(), "{path}");
        }
    }
}
