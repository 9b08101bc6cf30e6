//! One commit moves traffic between two real clusters, and everything that may go wrong with it: real BIND, real API
//! servers, a real git server, two front doors; the agents are stood in for, so that each answer can be chosen.
#![allow(clippy::expect_used)] // locks of test doubles: a poisoned one is a failed test already

mod azure;
mod clusters;
mod crashes;
mod faults;
mod moves;
mod real;
mod world;
