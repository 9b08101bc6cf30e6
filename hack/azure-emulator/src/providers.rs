//! Who serves what. One line for each service.

use crate::provider::Provider;

/// All services.
pub(crate) fn all() -> Vec<Box<dyn Provider>> {
    vec![Box::new(crate::public_dns::PublicDns), Box::new(crate::private_dns::PrivateDns)]
}
