//! Which metrics a type of resource has, whether anything was measured or not.

/// A metric's description.
#[derive(Clone, Copy, Debug)]
pub(super) struct Definition {
    /// Its name.
    pub(super) name: &'static str,
    /// Its name for people.
    pub(super) shown: &'static str,
    /// Its unit.
    pub(super) unit: &'static str,
    /// The aggregation it gets when none is asked for.
    pub(super) aggregation: &'static str,
    /// Its dimensions.
    pub(super) dimensions: &'static [&'static str],
}

const fn one(
    name: &'static str,
    shown: &'static str,
    unit: &'static str,
    aggregation: &'static str,
    dimensions: &'static [&'static str],
) -> Definition {
    Definition { name, shown, unit, aggregation, dimensions }
}

const CLIENT: &[&str] = &["HttpStatus", "HttpStatusGroup", "ClientRegion", "ClientCountry", "Endpoint"];
const ENDPOINT: &[&str] = &["Endpoint", "ClientRegion", "ClientCountry"];

const FRONT_DOOR: &[Definition] = &[
    one("RequestCount", "Request Count", "Count", "total", CLIENT),
    one("RequestSize", "Request Size", "Bytes", "total", CLIENT),
    one("ResponseSize", "Response Size", "Bytes", "total", CLIENT),
    one("TotalLatency", "Total Latency", "MilliSeconds", "average", CLIENT),
    one("Percentage4XX", "Percentage of 4XX", "Percent", "average", ENDPOINT),
    one("Percentage5XX", "Percentage of 5XX", "Percent", "average", ENDPOINT),
    one(
        "OriginRequestCount",
        "Origin Request Count",
        "Count",
        "total",
        &["HttpStatus", "HttpStatusGroup", "Origin", "Endpoint"],
    ),
    one("OriginLatency", "Origin Latency", "MilliSeconds", "average", &["Origin", "Endpoint"]),
    one("OriginHealthPercentage", "Origin Health Percentage", "Percent", "average", &["Origin", "OriginGroup"]),
];

const GATEWAY: &[Definition] = &[
    one("TotalRequests", "Total Requests", "Count", "total", &["BackendSettingsPool"]),
    one("FailedRequests", "Failed Requests", "Count", "total", &["BackendSettingsPool"]),
    one("ResponseStatus", "Response Status", "Count", "total", &["HttpStatusGroup"]),
    one("CurrentConnections", "Current Connections", "Count", "total", &[]),
    one("HealthyHostCount", "Healthy Host Count", "Count", "average", &["BackendSettingsPool"]),
    one("UnhealthyHostCount", "Unhealthy Host Count", "Count", "average", &["BackendSettingsPool"]),
    one(
        "BackendResponseStatus",
        "Backend Response Status",
        "Count",
        "total",
        &["BackendServer", "BackendPool", "BackendHttpSetting", "HttpStatusGroup"],
    ),
];

const CLUSTER: &[Definition] = &[
    one("node_cpu_usage_percentage", "CPU Usage Percentage", "Percent", "average", &["node", "nodepool"]),
    one(
        "node_memory_working_set_percentage",
        "Memory Working Set Percentage",
        "Percent",
        "average",
        &["node", "nodepool"],
    ),
    one("kube_pod_status_ready", "Number of pods in Ready state", "Count", "total", &["namespace", "pod", "condition"]),
];

const PROFILE: &[Definition] = &[
    one("QpsByEndpoint", "Queries by Endpoint Returned", "Count", "total", &["EndpointName"]),
    one(
        "ProbeAgentCurrentEndpointStateByProfileResourceId",
        "Endpoint Status by Endpoint",
        "Count",
        "maximum",
        &["EndpointName"],
    ),
];

const ZONE: &[Definition] = &[
    one("QueryVolume", "Query Volume", "Count", "total", &[]),
    one(SETS, "Record Set Count", "Count", "maximum", &[]),
    one(SETS_USED, "Record Set Capacity Utilization", "Percent", "maximum", &[]),
];

/// How many record sets a zone has; measured when it is asked for.
pub(super) const SETS: &str = "RecordSetCount";
/// How much of what a zone may have that is.
pub(super) const SETS_USED: &str = "RecordSetCapacityUtilization";

/// The metrics of a resource type, upper and lower case alike; none for a type that isn't known.
pub(super) fn of(kind: &str) -> &'static [Definition] {
    match kind.to_ascii_lowercase().as_str() {
        "microsoft.cdn/profiles" | "microsoft.network/frontdoors" => FRONT_DOOR,
        "microsoft.network/applicationgateways" => GATEWAY,
        "microsoft.containerservice/managedclusters" => CLUSTER,
        "microsoft.network/trafficmanagerprofiles" => PROFILE,
        "microsoft.network/dnszones" | "microsoft.network/privatednszones" => ZONE,
        _ => &[],
    }
}
