//! The contract that every target holds to, and what is special about each provider, on real servers.

mod algorithms;
mod faults;
mod propagation;
mod rfc2136;
mod suite;
