//! The contract that every target holds to, and what is special about each provider, on real servers.

// Helpers of tests are test code too, but the lints know only the test functions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod algorithms;
mod azure;
mod azure_aliases;
mod azure_dns;
mod azure_faults;
mod azure_followers;
mod azure_owners;
mod bad_input;
mod faults;
mod followers;
mod identities;
mod propagation;
mod reference;
mod rfc2136;
mod roles;
mod suite;
