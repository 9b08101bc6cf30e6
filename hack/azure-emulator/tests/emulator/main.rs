//! The emulator from outside: HTTPS and DNS, as any client sees it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod admin;
mod backend;
mod dns;
mod edge;
mod front_door;
mod identity;
mod kit;
mod lro;
mod official;
mod private_zones;
mod public_zones;
mod state;
mod traffic_manager;
