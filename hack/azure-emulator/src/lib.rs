//! An Azure on this machine: the resource manager, identity, DNS, and whatever stands behind them, for tests, demos and
//! tools that speak these APIs.
//!
//! A pure core ([`world`], [`arm`], the services) decides; [`serve`] and [`dns_server`] only carry bytes.

// Parts of the core wait for the services that use them.
#![allow(dead_code)]

mod access;
mod admin;
mod arm;
mod dns_records;
mod dns_server;
mod emulator;
mod identity;
mod options;
mod page;
mod private_dns;
mod provider;
mod providers;
mod public_dns;
mod resources;
mod serve;
mod shared;
mod state_file;
mod world;

pub use emulator::{Emulator, Running};
pub use options::Options;
