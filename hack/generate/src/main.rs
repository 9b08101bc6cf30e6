//! Writes what is generated: CRDs, manifests, reference pages
fn main() {}
