//! An Azure on this machine: the resource manager, identity, DNS, and whatever stands behind them, for tests, demos and
//! tools that speak these APIs.
//!
//! A pure core ([`world`], [`arm`], the services) decides; [`serve`] and [`dns_server`] only carry bytes.

mod access;
mod admin;
mod aks;
mod application_gateway;
mod arm;
mod authorization;
mod check;
mod dns_records;
mod dns_server;
mod edge;
mod emulator;
mod front_door;
mod front_door_classic;
mod hosts;
mod identity;
mod key_vault;
mod metrics;
mod options;
mod page;
mod passthrough;
mod private_dns;
mod probe;
mod provider;
mod providers;
mod public_dns;
mod resource_graph;
mod resources;
mod serve;
mod shared;
mod state_file;
mod traffic_manager;
mod world;

pub use emulator::{Emulator, Running};
pub use options::Options;
