//! The whole switcher on Azure's emulator: steps by weight, Front Door behind a record, a ledger of its own, gates on
//! Azure Monitor, and what goes wrong with a cloud.

mod budget;
mod cloud;
mod faults;
mod front_door;
mod inspected;
mod monitor;
mod parts;
mod steps;
