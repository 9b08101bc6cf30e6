//! `cargo xtask layers`: the pure crates stay pure, and what is always on has no code that deletes a cluster.
//!
//! A pure core has no clock, no network and no runtime. What a crate can reach is what its dependencies
//! can, so the check reads the tree of normal dependencies that cargo itself resolved.

use anyhow::{Result, bail};

use crate::run;

/// Runtimes, clients and libraries that reach outside the process.
const IMPURE: &[&str] = &["axum", "git2", "hickory-net", "hyper", "kube-client", "kube-runtime", "reqwest", "tokio"];

/// Crates in which nothing of [`IMPURE`] may appear, however far down.
const PURE: &[&str] =
    &["teal-yaml", "teal-kustomize", "teal-sops", "teal-agent-core", "teal-render", "teal-switcher-core"];

/// Daemons, in which nothing of the end of a color may appear.
const DAEMONS: &[&str] = &["teal-agent", "teal-switcher"];
/// What takes a cluster down; a person or a pipeline runs it.
const RETIRE: &str = "teal-retire";

/// Prints each pure crate with its verdict, and for each breach the chain that leads to it.
pub(crate) fn main(args: &[String]) -> Result<()> {
    if !args.is_empty() {
        bail!("usage: cargo xtask layers");
    }
    let mut breaches = 0_usize;
    for pure in PURE {
        let tree = ["tree", "--package", pure, "--edges", "normal", "--prefix", "depth", "--format", " {p}"];
        let chains = impure_chains(&run::output(&mut run::cargo(&tree))?);
        println!("{pure}: {}", if chains.is_empty() { "pure" } else { "NOT PURE" });
        for chain in &chains {
            println!("  {chain}");
        }
        breaches += chains.len();
    }
    for daemon in DAEMONS {
        let tree = ["tree", "--package", daemon, "--edges", "normal", "--prefix", "none", "--format", "{p}"];
        let within = run::output(&mut run::cargo(&tree))?.lines().any(|line| line.split(' ').next() == Some(RETIRE));
        println!("{daemon}: {}", if within { "CAN RETIRE A COLOR" } else { "retires no color" });
        if within {
            bail!("{daemon} depends on {RETIRE}: the always-on daemon must not be able to delete a cluster");
        }
    }
    if breaches > 0 {
        bail!("{breaches} ways from a pure crate to the outside; move the code that needs them to an adapter");
    }
    Ok(())
}

/// The chains from the root of a `cargo tree --prefix depth` to the first impure package on each way, each package
/// once: what lies behind it is its own affair.
fn impure_chains(tree: &str) -> Vec<String> {
    let mut chain: Vec<&str> = Vec::new();
    let mut found: Vec<&str> = Vec::new();
    let mut chains = Vec::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let (Some(Ok(depth)), Some(name)) = (words.next().map(str::parse::<usize>), words.next()) else { continue };
        chain.truncate(depth);
        let behind_another = chain.iter().any(|name| IMPURE.contains(name));
        chain.push(name);
        if IMPURE.contains(&name) && !behind_another && !found.contains(&name) {
            found.push(name);
            chains.push(chain.join(" → "));
        }
    }
    chains
}

#[cfg(test)]
mod tests {
    use super::impure_chains;

    #[test]
    fn names_are_compared_whole() {
        assert!(
            impure_chains("0 teal-render v0.1.0 (/x)\n1 tokio-macros v2.0.0 (proc-macro)\n1 serde v1.0.0 (*)\n")
                .is_empty()
        );
    }

    #[test]
    fn each_way_out_is_shown_to_its_first_impure_package() {
        let tree = "0 pure v1\n1 api v1\n2 kube-client v5\n3 tokio v1\n3 hyper v1\n1 util v1\n2 kube-client v5 (*)\n2 tokio v1 (*)\n";
        assert_eq!(impure_chains(tree), ["pure → api → kube-client", "pure → util → tokio"]);
    }
}
