//! What ARM says of a managed cluster's platform (T1): its state and its node pools'. A cluster that is being upgraded, or
//! is stopped, may still have an API server that answers.

use std::time::Instant;

use teal_azure::aks::{Aks, Cluster, NodePool};
use teal_azure::{Client, ResourceId};

use crate::report::{Outcome, Report};

const GATE: &str = "platform";

/// Reads and judges the cluster with this ARM id.
pub async fn check(client: &Client, id: &str) -> Report {
    let began = Instant::now();
    let error = |why: String| Report::new(GATE, Outcome::Error, why);
    let report = match id.parse::<ResourceId>().map(Aks::new) {
        Err(why) => error(why.to_string()),
        Ok(Err(why)) => error(why.to_string()),
        Ok(Ok(aks)) => match client.cluster(&aks).await {
            Ok(Some(cluster)) => judge(&cluster),
            Ok(None) => {
                Report::new(GATE, Outcome::Fail, format!("there is no cluster {id}; make it, or correct its id"))
            }
            Err(why) => error(format!("ARM does not tell its state: {why}")),
        },
    };
    report.took(began.elapsed())
}

/// Everything must be `Succeeded` and `Running`; all that is not is told at once.
fn judge(cluster: &Cluster) -> Report {
    let mut wrong = Vec::new();
    let mut untold = Vec::new();
    let mut look = |what: String, state: &str, power: &str| {
        if state.is_empty() || power.is_empty() {
            untold.push(what);
        } else if !state.eq_ignore_ascii_case("Succeeded") || !power.eq_ignore_ascii_case("Running") {
            wrong.push(format!("{what} is {state}, {power}"));
        }
    };
    look("the cluster".to_owned(), &cluster.provisioning_state, &cluster.power_state.code);
    for pool in &cluster.agent_pool_profiles {
        look(format!("node pool {}", pool.name), &pool.provisioning_state, &pool.power_state.code);
    }
    let pools = cluster.agent_pool_profiles.len();
    let (outcome, message) = if !wrong.is_empty() {
        let message =
            format!("{}; wait until ARM says Succeeded and Running, or start it with `az aks start`", wrong.join("; "));
        (Outcome::Fail, message)
    } else if !untold.is_empty() {
        (Outcome::Inconclusive, format!("ARM does not tell the state of {}", untold.join(", ")))
    } else {
        let version = cluster.current_kubernetes_version.as_ref().unwrap_or(&cluster.kubernetes_version);
        (Outcome::Pass, format!("ARM: {version}, Succeeded and Running, with {pools} node pools"))
    };
    cluster.agent_pool_profiles.iter().map(line).fold(Report::new(GATE, outcome, message), Report::with)
}

fn line(pool: &NodePool) -> String {
    let version = pool.orchestrator_version.as_deref().unwrap_or("unknown version");
    let count = pool.count.map_or("?".to_owned(), |count| count.to_string());
    let size = pool.vm_size.as_deref().unwrap_or("unknown size");
    let mode = pool.mode.as_deref().unwrap_or("unknown mode");
    format!("node pool {}: {count} × {size}, {mode}, {version}", pool.name)
}

/// One report of both views: the worse outcome, and what each says.
#[must_use]
pub fn together(arm: Report, inside: Report) -> Report {
    let outcome = arm.outcome.max(inside.outcome);
    let message = match (arm.outcome == Outcome::Pass, inside.outcome == Outcome::Pass) {
        (true, false) => inside.message,
        (false, true) => arm.message,
        _ => format!("{}; {}", inside.message, arm.message),
    };
    let evidence = inside.evidence.into_iter().chain(arm.evidence);
    evidence.fold(Report::new(GATE, outcome, message), Report::with).took(arm.took.max(inside.took))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(state: &str, power: &str, pool: (&str, &str)) -> Cluster {
        let mut cluster =
            Cluster { provisioning_state: state.into(), kubernetes_version: "1.34".into(), ..Cluster::default() };
        cluster.power_state.code = power.into();
        let mut one =
            NodePool { name: "sys".into(), count: Some(3), provisioning_state: pool.0.into(), ..NodePool::default() };
        one.power_state.code = pool.1.into();
        cluster.agent_pool_profiles = vec![one];
        cluster
    }

    #[test]
    fn only_succeeded_and_running_passes() {
        let good = ("Succeeded", "Running");
        for (state, power, pool, want, words) in [
            ("Succeeded", "Running", good, Outcome::Pass, "ARM: 1.34, Succeeded and Running, with 1 node pools"),
            ("Upgrading", "Running", good, Outcome::Fail, "the cluster is Upgrading, Running"),
            ("Succeeded", "Stopped", good, Outcome::Fail, "the cluster is Succeeded, Stopped"),
            (
                "Failed",
                "Running",
                ("Failed", "Running"),
                Outcome::Fail,
                "the cluster is Failed, Running; node pool sys is Failed",
            ),
            ("Succeeded", "Running", ("Scaling", "Running"), Outcome::Fail, "node pool sys is Scaling"),
            ("Succeeded", "", good, Outcome::Inconclusive, "does not tell the state of the cluster"),
        ] {
            let report = judge(&cluster(state, power, pool));
            assert_eq!(report.outcome, want, "{state} {power}: {}", report.message);
            assert!(report.message.contains(words), "{}", report.message);
            assert!(report.evidence[0].contains("node pool sys: 3 ×"), "{:?}", report.evidence);
        }
    }

    #[test]
    fn the_worse_of_both_views_counts() {
        let report = |outcome, message: &str| Report::new(GATE, outcome, message);
        let of = |arm, inside| {
            let report = together(report(arm, "arm"), report(inside, "inside"));
            (report.outcome, report.message)
        };
        assert_eq!(of(Outcome::Pass, Outcome::Pass), (Outcome::Pass, "inside; arm".to_owned()));
        assert_eq!(of(Outcome::Fail, Outcome::Pass), (Outcome::Fail, "arm".to_owned()));
        assert_eq!(of(Outcome::Pass, Outcome::Error), (Outcome::Error, "inside".to_owned()));
        assert_eq!(of(Outcome::Fail, Outcome::Error), (Outcome::Fail, "inside; arm".to_owned()));
    }
}
