//! `teal retire` as a person or a pipeline runs it: the program itself, an Azure over HTTPS, a switcher that follows git
//! and its ledger in a record's metadata.

mod guard;
mod platform;
mod pushed;
mod sealed;
mod way;
mod world;
