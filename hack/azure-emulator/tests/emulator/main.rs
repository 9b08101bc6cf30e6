//! The emulator from outside: HTTPS and DNS, as any client sees it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod admin;
mod aks;
mod authorization;
mod backend;
mod dns;
mod edge;
mod edge_copies;
mod front_door;
mod gateway;
mod identity;
mod key_vault;
mod kit;
mod lro;
mod official;
mod official_services;
mod private_zones;
mod public_zones;
mod resources;
mod state;
mod traffic_manager;
