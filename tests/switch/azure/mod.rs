//! The whole switcher on Azure's emulator: steps by weight, Front Door behind a record, a ledger of its own, gates on
//! Azure Monitor, every kind of target, AKS by tokens, and what goes wrong with a cloud.

mod access;
mod budget;
mod clock;
mod cloud;
mod faults;
mod front_door;
mod inspected;
mod kinds;
mod monitor;
mod more_parts;
mod parts;
mod steps;
