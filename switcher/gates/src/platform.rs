//! The new cluster as a platform (T1): its API server is ready, every node is Ready, something can be
//! scheduled, and the system workloads that are there are healthy.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};

use crate::report::{Outcome, Report, kube_error};

const GATE: &str = "platform";
/// Longest time the whole check may take.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// What the API server says of its platform.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Version of the API server, such as `v1.36.3`.
    pub version: String,
    /// All nodes.
    pub nodes: Vec<Node>,
    /// `kind name`, wanted and ready replicas of every workload in `kube-system`.
    pub workloads: Vec<(String, i32, i32)>,
    /// APIServices that are not available, with what they say.
    pub unavailable: Vec<(String, String)>,
}

/// Reads and judges the platform of one cluster.
pub async fn check(client: &Client) -> Report {
    let began = Instant::now();
    let report = match tokio::time::timeout(TIMEOUT, read(client)).await {
        Ok(Ok(facts)) => judge(&facts),
        Ok(Err(report)) => report,
        Err(_) => {
            Report::new(GATE, Outcome::Error, format!("the API server gave no answer within {} s", TIMEOUT.as_secs()))
        }
    };
    report.took(began.elapsed())
}

async fn read(client: &Client) -> Result<Facts, Report> {
    let cannot =
        |what: &str, error: &kube::Error| Report::new(GATE, Outcome::Error, format!("{what}: {}", kube_error(error)));
    let ready = http::Request::get("/readyz").body(Vec::new());
    let ready = ready.map_err(|error| Report::new(GATE, Outcome::Error, error.to_string()))?;
    match client.request_text(ready).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) => {
            return Err(not_ready(status.code, &status.message));
        }
        Err(error) => return Err(cannot("API server", &error)),
    }
    let version = client.apiserver_version().await.map_err(|error| cannot("version", &error))?.git_version;
    let all = ListParams::default();
    let nodes = Api::<Node>::all(client.clone()).list(&all).await.map_err(|error| cannot("nodes", &error))?.items;
    let mut workloads = Vec::new();
    let deployments = Api::<Deployment>::namespaced(client.clone(), "kube-system").list(&all).await;
    for one in deployments.map_err(|error| cannot("kube-system Deployments", &error))? {
        let wanted = one.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        let ready = one.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
        workloads.push((format!("Deployment {}", one.name_any()), wanted, ready));
    }
    let sets = Api::<StatefulSet>::namespaced(client.clone(), "kube-system").list(&all).await;
    for one in sets.map_err(|error| cannot("kube-system StatefulSets", &error))? {
        let wanted = one.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        let ready = one.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
        workloads.push((format!("StatefulSet {}", one.name_any()), wanted, ready));
    }
    let sets = Api::<DaemonSet>::namespaced(client.clone(), "kube-system").list(&all).await;
    for one in sets.map_err(|error| cannot("kube-system DaemonSets", &error))? {
        let status = one.status.clone().unwrap_or_default();
        workloads.push((format!("DaemonSet {}", one.name_any()), status.desired_number_scheduled, status.number_ready));
    }
    let services =
        Api::<APIService>::all(client.clone()).list(&all).await.map_err(|error| cannot("APIServices", &error))?;
    Ok(Facts { version, nodes, workloads, unavailable: services.items.iter().filter_map(unavailable).collect() })
}

/// What an answer of `/readyz` other than 200 means. An API server that fails, as when its store pauses, or that has no time
/// for it (408, 429; so may a proxy in front), can't be measured: the same as one that does not answer. What else it says
/// will be no other in a moment.
fn not_ready(code: u16, said: &str) -> Report {
    let outcome = if code >= 500 || matches!(code, 408 | 429) { Outcome::Error } else { Outcome::Fail };
    Report::new(GATE, outcome, format!("the API server is not ready (/readyz says {code}): {said}"))
}

fn unavailable(service: &APIService) -> Option<(String, String)> {
    let conditions = service.status.as_ref()?.conditions.as_ref()?;
    let condition = conditions.iter().find(|one| one.type_ == "Available" && one.status != "True")?;
    Some((service.name_any(), condition.message.clone().unwrap_or_default()))
}

/// Judges what was read. An APIService that never comes up is told and does not stop a move: the fleet's own
/// readiness rules decide about those.
#[must_use]
pub fn judge(facts: &Facts) -> Report {
    let not_ready: Vec<String> = facts.nodes.iter().filter(|node| !is_ready(node)).map(ResourceExt::name_any).collect();
    let schedulable = facts.nodes.iter().filter(|node| is_ready(node) && !cordoned(node)).count();
    let ill: Vec<String> = facts
        .workloads
        .iter()
        .filter(|(_, wanted, ready)| ready < wanted)
        .map(|(name, wanted, ready)| format!("{name} {ready}/{wanted}"))
        .collect();
    let (outcome, message) = if facts.nodes.is_empty() {
        (Outcome::Fail, "the cluster has no nodes".to_owned())
    } else if !not_ready.is_empty() {
        (
            Outcome::Fail,
            format!("{} of {} nodes are not Ready: {}", not_ready.len(), facts.nodes.len(), some(&not_ready)),
        )
    } else if schedulable == 0 {
        (Outcome::Fail, format!("all {} nodes are cordoned; uncordon at least one", facts.nodes.len()))
    } else if !ill.is_empty() {
        (Outcome::Fail, format!("{} system workloads are not ready: {}", ill.len(), some(&ill)))
    } else {
        let workloads = facts.workloads.len();
        (
            Outcome::Pass,
            format!("{}, {} nodes Ready, {workloads} system workloads healthy", facts.version, facts.nodes.len()),
        )
    };
    let report = Report::new(GATE, outcome, message).with(format!("version {}", facts.version));
    let report = report.with(format!("{schedulable} of {} nodes take pods", facts.nodes.len()));
    facts
        .unavailable
        .iter()
        .fold(report, |report, (name, why)| report.with(format!("warning: APIService {name} is not available: {why}")))
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|list| list.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
}

fn cordoned(node: &Node) -> bool {
    node.spec.as_ref().and_then(|spec| spec.unschedulable).unwrap_or(false)
}

/// The first five, and how many more.
fn some(names: &[String]) -> String {
    let shown = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{shown} and {} more", names.len() - 5) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Outcome::{Error, Fail, Pass};

    fn node(name: &str, ready: &str, cordoned: bool) -> Node {
        let value = serde_json::json!({
            "metadata": {"name": name},
            "spec": {"unschedulable": cordoned},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_platform_is_judged_as_a_whole() {
        let healthy = || vec![("Deployment coredns".to_owned(), 2, 2)];
        for (rule, nodes, workloads, want, words) in [
            ("all well", vec![node("a", "True", false)], healthy(), Pass, "1 nodes Ready"),
            (
                "one node may be cordoned",
                vec![node("a", "True", true), node("b", "True", false)],
                vec![],
                Pass,
                "2 nodes",
            ),
            ("not all of them", vec![node("a", "True", true)], vec![], Fail, "cordoned"),
            (
                "nodes must be Ready",
                vec![node("a", "True", false), node("b", "Unknown", false)],
                vec![],
                Fail,
                "1 of 2 nodes are not Ready: b",
            ),
            ("no nodes, no platform", vec![], healthy(), Fail, "no nodes"),
            (
                "system workloads count",
                vec![node("a", "True", false)],
                vec![("DaemonSet cni".to_owned(), 3, 1)],
                Fail,
                "DaemonSet cni 1/3",
            ),
        ] {
            let facts = Facts { version: "v1.36.3".to_owned(), nodes, workloads, unavailable: vec![] };
            let report = judge(&facts);
            assert_eq!(report.outcome, want, "{rule}: {report}");
            assert!(report.message.contains(words), "{rule}: {report}");
        }
    }

    #[test]
    fn an_api_server_that_fails_for_a_moment_is_not_measured_and_ends_no_move() {
        for (code, want) in
            [(500, Error), (503, Error), (408, Error), (429, Error), (401, Fail), (403, Fail), (404, Fail)]
        {
            let report = not_ready(code, "[-]etcd failed");
            assert_eq!(report.outcome, want, "{report}");
            assert!(report.message.contains(&format!("/readyz says {code}): [-]etcd failed")), "{report}");
        }
    }

    #[test]
    fn an_api_service_that_is_away_is_a_warning() {
        let unavailable = vec![("v1beta1.metrics.k8s.io".to_owned(), "no endpoints".to_owned())];
        let facts = Facts { nodes: vec![node("a", "True", false)], unavailable, ..Facts::default() };
        let report = judge(&facts);
        assert!(report.passed() && report.evidence.iter().any(|line| line.contains("metrics.k8s.io")), "{report:?}");
    }
}
