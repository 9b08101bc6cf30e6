//! Names of things in Azure: names in a path, whole resource ids, and the other values that its providers need.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Spot;

impl Spot<'_> {
    /// Reads a name as it stands in an ARM path, such as a resource group; its case is kept, ARM compares without.
    pub(crate) fn arm_name(&self) -> Option<String> {
        let text = self.text()?;
        if is_arm_name(&text) {
            return Some(text);
        }
        self.wrong(format!(
            "`{text}` is no name in Azure; use letters, digits, `-`, `_`, `.` and brackets, at most 90"
        ));
        None
    }

    /// Reads the ARM id of one resource of a type such as `Microsoft.ContainerService/managedClusters`; any type when
    /// `kind` is empty. Lower-case, as ids are compared without case.
    pub(crate) fn resource_id(&self, kind: &str) -> Option<String> {
        let text = self.text()?;
        let lower = text.trim_end_matches('/').to_ascii_lowercase();
        let parts: Vec<&str> = lower.split('/').collect();
        let whole = match parts.as_slice() {
            ["", "subscriptions", subscription, "resourcegroups", group, "providers", provider, rest @ ..] => {
                let names = [*subscription, *group, *provider].into_iter().chain(rest.iter().copied());
                (!rest.is_empty() && rest.len() % 2 == 0 && names.clone().all(is_arm_name))
                    .then(|| format!("{provider}/{}", rest.iter().step_by(2).copied().collect::<Vec<_>>().join("/")))
            }
            _ => None,
        };
        match whole {
            Some(found) if kind.is_empty() || found.eq_ignore_ascii_case(kind) => Some(lower),
            Some(found) => {
                self.wrong(format!("is the id of a `{found}`; write that of a `{kind}`"));
                None
            }
            None => {
                let example = if kind.is_empty() { "<provider>/<type>" } else { kind };
                self.wrong(format!(
                    "`{text}` is no resource id; write `/subscriptions/<id>/resourceGroups/<group>/providers/{example}/<name>`"
                ));
                None
            }
        }
    }

    /// Reads one IPv4 address or a list of them.
    pub(crate) fn ipv4s(&self) -> Option<Vec<Ipv4Addr>> {
        self.one_or_many(Self::ipv4)
    }

    /// Reads one IPv6 address or a list of them.
    pub(crate) fn ipv6s(&self) -> Option<Vec<Ipv6Addr>> {
        self.one_or_many(|spot| {
            let text = spot.text()?;
            let address = text.parse::<Ipv6Addr>().ok();
            if address.is_none() {
                spot.wrong(format!("`{text}` is no IPv6 address; write one such as `fd00::1`"));
            }
            address
        })
    }

    fn one_or_many<T>(&self, read: impl Fn(&Self) -> Option<T>) -> Option<Vec<T>> {
        match self.node.data {
            teal_yaml::Data::Sequence(_) => {
                let items = self.list()?;
                if items.is_empty() {
                    self.wrong("no addresses; write at least one");
                }
                Some(items.iter().filter_map(read).collect())
            }
            _ => read(self).map(|one| vec![one]),
        }
    }
}

fn is_arm_name(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')');
    (1..=90).contains(&text.chars().count()) && text.chars().all(allowed)
}
