//! The integration suites, one binary; each module is named for what it proves.

mod agent_world;
mod bad_input;
mod converge;
mod freeze;
mod helm;
mod listening;
mod living;
mod outside_view;
mod ownership;
mod secrets;
mod switch;
mod vault;
