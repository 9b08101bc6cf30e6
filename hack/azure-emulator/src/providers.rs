//! Who serves what. One line for each service.

use crate::provider::Provider;

/// All services.
pub(crate) fn all() -> Vec<Box<dyn Provider>> {
    vec![
        Box::new(crate::public_dns::PublicDns),
        Box::new(crate::private_dns::PrivateDns),
        Box::new(crate::traffic_manager::TrafficManager),
        Box::new(crate::front_door::FrontDoor),
        Box::new(crate::front_door_classic::FrontDoorClassic),
        Box::new(crate::application_gateway::ApplicationGateway),
        Box::new(crate::aks::Aks),
        Box::new(crate::metrics::Metrics),
        Box::new(crate::key_vault::KeyVault),
        Box::new(crate::authorization::Authorization),
        Box::new(crate::resource_graph::ResourceGraph),
        // Takes whatever type is left, so it comes last.
        Box::new(crate::passthrough::Passthrough),
    ]
}
