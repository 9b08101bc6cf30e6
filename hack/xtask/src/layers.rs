//! `cargo xtask layers`: the pure crates stay pure.
//!
//! A pure core has no clock, no network and no runtime. What a crate can reach is what its dependencies
//! can, so the check reads the tree of normal dependencies that cargo itself resolved.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::run;

/// Runtimes, clients and libraries that reach outside the process.
const IMPURE: &[&str] = &["axum", "git2", "hickory-net", "hyper", "kube-client", "kube-runtime", "reqwest", "tokio"];

/// Crates in which nothing of [`IMPURE`] may appear, however far down.
const PURE: &[&str] = &["teal-yaml", "teal-kustomize", "teal-agent-core", "teal-render", "teal-switcher-core"];

/// Prints each pure crate with its verdict, and for each breach the chain that leads to it.
pub(crate) fn main(args: &[String]) -> Result<()> {
    if !args.is_empty() {
        bail!("usage: cargo xtask layers");
    }
    let mut breaches = 0_usize;
    for pure in PURE {
        let tree =
            run::output(&mut run::cargo(&["tree", "-p", pure, "-e", "normal", "--prefix", "none", "-f", "{p}"]))?;
        let found = impure(&tree);
        println!(
            "{pure}: {}",
            if found.is_empty() { "pure".to_owned() } else { format!("reaches {}", found.join(", ")) }
        );
        for package in &found {
            breaches += 1;
            // Inverted: from the impure package up to the crate, which is the chain somebody has to cut.
            print!("{}", run::output(&mut run::cargo(&["tree", "-p", pure, "-e", "normal", "-i", package]))?);
        }
    }
    if breaches > 0 {
        bail!("{breaches} impure dependencies in pure crates; move the code that needs them to an adapter");
    }
    Ok(())
}

/// The impure packages in the output of `cargo tree --prefix none`, each once.
fn impure(tree: &str) -> Vec<&str> {
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    names.into_iter().filter(|name| IMPURE.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::impure;

    #[test]
    fn names_are_compared_whole() {
        let tree = "teal-render v0.1.0 (/x)\ntokio-macros v2.0.0 (proc-macro)\nserde v1.0.0 (*)\n";
        assert!(impure(tree).is_empty());
        assert_eq!(impure("a v1\ntokio v1.52.0\nhyper v1.0.0\ntokio v1.52.0 (*)\n"), ["hyper", "tokio"]);
    }
}
