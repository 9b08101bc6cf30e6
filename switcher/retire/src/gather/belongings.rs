//! What is the color's own: whatever points at one of these points at the color.

use std::collections::BTreeSet;
use std::net::IpAddr;

use teal_api::switch::Destination;
use teal_azure::ResourceId;

/// Addresses, names and resources of a color.
#[derive(Debug, Clone, Default)]
pub(crate) struct Belongings {
    ips: BTreeSet<IpAddr>,
    hosts: BTreeSet<String>,
    resources: Vec<ResourceId>,
    /// Subscription and name of resource groups that go with the cluster, in lower case.
    groups: BTreeSet<(String, String)>,
}

impl Belongings {
    pub(crate) fn add_ip(&mut self, ip: IpAddr) {
        self.ips.insert(ip);
    }

    pub(crate) fn add_host(&mut self, host: &str) {
        let host = plain(host);
        if !host.is_empty() {
            self.hosts.insert(host);
        }
    }

    pub(crate) fn add_resource(&mut self, id: ResourceId) {
        self.resources.push(id);
    }

    pub(crate) fn add_group(&mut self, subscription: &str, group: &str) {
        self.groups.insert((subscription.to_ascii_lowercase(), group.to_ascii_lowercase()));
    }

    /// What a Switch's target points to for the color.
    pub(crate) fn add_destination(&mut self, to: &Destination) {
        match to {
            Destination::Ip(ips) => ips.iter().for_each(|ip| self.add_ip((*ip).into())),
            Destination::Ipv6(ips) => ips.iter().for_each(|ip| self.add_ip((*ip).into())),
            Destination::Cname(host) => self.add_host(host),
            Destination::ResourceId(id) => {
                if let Ok(id) = id.parse() {
                    self.add_resource(id);
                }
            }
            // A name inside a target: the target itself tells where it routes to.
            Destination::Named(_) => {}
        }
    }

    pub(crate) fn has_ip(&self, ip: IpAddr) -> bool {
        self.ips.contains(&ip)
    }

    pub(crate) fn has_host(&self, host: &str) -> bool {
        self.hosts.contains(&plain(host))
    }

    /// A name or an address, as origins, backends and pools have them.
    pub(crate) fn has_address(&self, text: &str) -> bool {
        text.parse().map_or_else(|_| self.has_host(text), |ip| self.has_ip(ip))
    }

    pub(crate) fn has_resource(&self, id: &ResourceId) -> bool {
        let inside = self.groups.contains(&(id.subscription().to_owned(), id.group().to_owned()));
        inside || self.resources.iter().any(|own| own.holds(id))
    }

    pub(crate) fn resources(&self) -> &[ResourceId] {
        &self.resources
    }
}

fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_names_and_resources_are_known_in_every_spelling() {
        let mut own = Belongings::default();
        own.add_ip("10.1.0.4".parse().unwrap());
        own.add_host("AKS-Blue.contoso.com.");
        own.add_host("");
        own.add_resource(
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/loadBalancers/lb".parse().unwrap(),
        );
        own.add_group("S", "MC_g_blue");
        assert!(
            own.has_address("10.1.0.4") && own.has_address("aks-blue.CONTOSO.com") && !own.has_address("10.1.0.40")
        );
        assert!(!own.has_address("") && !own.has_address("contoso.com"));
        let id = |text: &str| text.parse::<ResourceId>().unwrap();
        assert!(own.has_resource(&id(
            "/subscriptions/S/resourceGroups/G/providers/microsoft.network/loadbalancers/LB/frontends/f"
        )));
        assert!(own.has_resource(&id(
            "/subscriptions/s/resourceGroups/mc_G_blue/providers/Microsoft.Network/publicIPAddresses/x"
        )));
        assert!(!own.has_resource(&id(
            "/subscriptions/t/resourceGroups/mc_g_blue/providers/Microsoft.Network/publicIPAddresses/x"
        )));
    }
}
