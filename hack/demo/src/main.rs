//! The product's main job on one machine
fn main() {}
