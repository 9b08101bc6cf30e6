//! Makes traffic follow git's active color
fn main() {}
