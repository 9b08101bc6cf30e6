//! Web servers that stand for the colors' front doors, and a client that sends steady load through DNS.

mod front_door;
mod load;
mod report;

pub use front_door::{FrontDoor, Mode};
pub use load::{Connections, Load, LoadClient};
pub use report::{ColorSeen, Report, Sent};
