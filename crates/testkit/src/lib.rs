//! Real control planes, git servers, DNS servers and fault injection for the tests and the demo

pub mod charts;
pub mod control_plane;
pub mod dns;
pub mod git_server;
pub mod http;
pub mod install;
pub mod kwok;
pub mod load_balancer;
pub mod processes;
pub mod script;
pub mod sops;
pub mod stand_in;
pub mod tunnel;
