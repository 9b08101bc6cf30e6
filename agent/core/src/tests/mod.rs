//! Tables and properties. Nothing here needs a cluster, a clock or a file.

mod conflicts;
mod contoso;
mod digests;
mod drift;
mod health;
mod inventory;
mod latch;
mod layers;
mod make;
mod objects;
mod order;
mod parity;
mod plan;
mod prune;
mod takeover;
