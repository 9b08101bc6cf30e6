//! `cargo xtask tools`: the Go programs that tests, demo and benchmarks run.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::go_tools::{GoTools, Program, Versions};
use crate::prerequisites;

/// Real Kubernetes, etcd and kwok nodes.
const CONTROL_PLANE: GoTools = GoTools {
    name: "control-plane",
    names_its_key: "k8s.io/kubernetes",
    why: "real control planes for tests, demo and benchmarks",
    programs: &[
        Program { built_as: "kube-apiserver", name: "kube-apiserver" },
        Program { built_as: "kube-controller-manager", name: "kube-controller-manager" },
        Program { built_as: "kube-scheduler", name: "kube-scheduler" },
        Program { built_as: "kubectl", name: "kubectl" },
        // The package is go.etcd.io/etcd/server/v3, and Go names a program for its package.
        Program { built_as: "server", name: "etcd" },
        Program { built_as: "kwok", name: "kwok" },
    ],
    link_flags: kubernetes_link_flags,
};

/// The Helm CLI: what charts are compared with.
const HELM: GoTools = GoTools {
    name: "helm",
    names_its_key: "helm.sh/helm/v4",
    why: "the Helm CLI, to lint the chart and to compare rendering with",
    programs: &[Program { built_as: "helm", name: "helm" }],
    link_flags: |version_of| vec![("helm.sh/helm/v4/internal/version.version".into(), version_of("helm.sh/helm/v4"))],
};

/// The kustomize command: what `teal build` is compared with and measured against.
const KUSTOMIZE: GoTools = GoTools {
    name: "kustomize",
    names_its_key: "sigs.k8s.io/kustomize/kustomize/v5",
    why: "the kustomize command, to compare rendering with and to measure against",
    programs: &[Program { built_as: "kustomize", name: "kustomize" }],
    // What a released binary says of itself ends up in a label (`managedByLabel`).
    link_flags: |version_of| {
        let version = version_of("sigs.k8s.io/kustomize/kustomize/v5");
        vec![("sigs.k8s.io/kustomize/api/provenance.version".into(), format!("kustomize/{version}"))]
    },
};

/// SOPS and age: what decryption is compared with.
const SOPS: GoTools = GoTools {
    name: "sops",
    names_its_key: "github.com/getsops/sops/v3",
    why: "sops and age, to encrypt what tests decrypt",
    programs: &[
        Program { built_as: "sops", name: "sops" },
        Program { built_as: "age", name: "age" },
        Program { built_as: "age-keygen", name: "age-keygen" },
    ],
    link_flags: |version_of| {
        let version = version_of("github.com/getsops/sops/v3").trim_start_matches('v').to_owned();
        vec![("github.com/getsops/sops/v3/version.Version".into(), version)]
    },
};

/// Builds what is asked for, the control plane unless told otherwise, and prints its directory last.
pub(crate) fn main(args: &[String]) -> Result<()> {
    let tools = match args {
        [] => CONTROL_PLANE,
        [name] if name == CONTROL_PLANE.name => CONTROL_PLANE,
        [name] if name == HELM.name => HELM,
        [name] if name == KUSTOMIZE.name => KUSTOMIZE,
        [name] if name == SOPS.name => SOPS,
        _ => bail!("usage: cargo xtask tools [control-plane|helm|kustomize|sops]"),
    };
    let bin = ensure(&tools)?;
    println!("{}", bin.display());
    Ok(())
}

/// The directory with the control plane's programs, built now if they are not there yet.
pub(crate) fn control_plane() -> Result<PathBuf> {
    ensure(&CONTROL_PLANE)
}

/// The directory with Helm, built now if it is not there yet.
pub(crate) fn helm() -> Result<PathBuf> {
    ensure(&HELM)
}

/// The directory with SOPS and age, built now if it is not there yet.
pub(crate) fn sops() -> Result<PathBuf> {
    ensure(&SOPS)
}

/// The directory with kustomize, built now if it is not there yet.
pub(crate) fn kustomize() -> Result<PathBuf> {
    ensure(&KUSTOMIZE)
}

fn ensure(tools: &GoTools) -> Result<PathBuf> {
    prerequisites::check_go()?;
    tools.ensure()
}

/// What Kubernetes' own release build sets, so that `/version` and `kubectl version` tell the truth.
/// Without it a server says v0.0.0, and clients that compare versions misbehave.
fn kubernetes_link_flags(version_of: &Versions<'_>) -> Vec<(String, String)> {
    let version = version_of("k8s.io/kubernetes");
    let mut numbers = version.trim_start_matches('v').split('.').map(str::to_owned);
    let major = numbers.next().unwrap_or_default();
    let minor = numbers.next().unwrap_or_default();
    let mut flags = Vec::new();
    for package in ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"] {
        let values = [
            ("gitVersion", version.clone()),
            ("gitMajor", major.clone()),
            ("gitMinor", minor.clone()),
            ("gitTreeState", "clean".to_owned()),
            // A module has no commit and one binary serves for ever: both would only be guesses.
            ("gitCommit", "unknown".to_owned()),
            ("buildDate", "1970-01-01T00:00:00Z".to_owned()),
        ];
        flags.extend(values.map(|(variable, value)| (format!("{package}.{variable}"), value)));
    }
    flags.push(("sigs.k8s.io/kwok/pkg/consts.Version".into(), version_of("sigs.k8s.io/kwok")));
    flags
}

#[cfg(test)]
mod tests {
    use super::kubernetes_link_flags;

    #[test]
    fn the_version_is_split_for_the_link_flags() {
        let flags = kubernetes_link_flags(&|_| "v1.36.3".to_owned());
        let value = |name: &str| {
            let name = format!("k8s.io/component-base/version.{name}");
            flags.iter().find(|(flag, _)| *flag == name).map(|(_, value)| value.clone())
        };
        assert_eq!(value("gitMajor").as_deref(), Some("1"));
        assert_eq!(value("gitMinor").as_deref(), Some("36"));
        assert_eq!(value("gitVersion").as_deref(), Some("v1.36.3"));
    }
}
