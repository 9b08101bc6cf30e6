//! Benchmarks that print ratios against a yardstick of the same run
fn main() {}
