"""`az network traffic-manager`, `az aks`, `az monitor metrics`, `az rest`."""

import json

from life import az, az_refused, log_in
from told import URL, Life, end, group, same

traffic = Life("azure-cli", "Traffic Manager")
aks = Life("azure-cli", "AKS")
metrics = Life("azure-cli", "Monitor metrics")
door = Life("azure-cli", "Front Door")
rg = group()
# The CLI puts in the subscription that it is signed in to.
GROUP = f"/subscriptions/{{subscriptionId}}/resourceGroups/{rg}"
PROFILE = ["--resource-group", rg, "--profile-name", "tm"]
EXTERNAL = ["--type", "externalEndpoints"]


def rest(method, path, version, body=None):
    """`az rest`, which passes a call on as it is."""
    more = ["--body", json.dumps(body)] if body is not None else []
    return az("rest", "--method", method, "--url", f"{URL}{GROUP}/providers/{path}?api-version={version}", *more)


def create_profile():
    log_in()
    made = az(
        "network", "traffic-manager", "profile", "create", "--resource-group", rg, "--name", "tm", "--routing-method",
        "Weighted", "--unique-dns-name", "cli-life", "--ttl", "5", "--path", "/healthz", "--protocol", "HTTP", "--port", "80",
    )
    same(made["TrafficManagerProfile"]["dnsConfig"]["fqdn"], "cli-life.trafficmanager.net")
    for color, weight in [("blue", "1000"), ("green", "1")]:
        az(
            "network", "traffic-manager", "endpoint", "create", *PROFILE, *EXTERNAL, "--name", color, "--target",
            f"{color}.example", "--weight", weight, "--endpoint-status", "Enabled",
        )


def update_endpoint():
    az("network", "traffic-manager", "endpoint", "update", *PROFILE, *EXTERNAL, "--name", "green", "--weight", "1000")
    shown = az("network", "traffic-manager", "endpoint", "show", *PROFILE, *EXTERNAL, "--name", "green")
    same((shown["weight"], shown["target"]), (1000, "green.example"))
    az("network", "traffic-manager", "endpoint", "update", *PROFILE, *EXTERNAL, "--name", "blue", "--endpoint-status", "Disabled")
    ends = az("network", "traffic-manager", "endpoint", "list", *PROFILE)
    same(sorted((one["name"], one["endpointStatus"]) for one in ends), [("blue", "Disabled"), ("green", "Enabled")])


def delete_profile():
    az("network", "traffic-manager", "profile", "delete", "--resource-group", rg, "--name", "tm")
    same(az("network", "traffic-manager", "profile", "list", "--resource-group", rg), [])
    az_refused("NotFound", "network", "traffic-manager", "profile", "show", "--resource-group", rg, "--name", "tm")


def cluster():
    pool = {"name": "sys", "count": 3, "vmSize": "Standard_D2s_v5", "mode": "System"}
    body = {"location": "westeurope", "properties": {"dnsPrefix": "blue", "agentPoolProfiles": [pool]}}
    rest("put", "Microsoft.ContainerService/managedClusters/blue", "2025-02-01", body)
    shown = az("aks", "show", "--resource-group", rg, "--name", "blue")
    same((shown["name"], shown["powerState"]["code"]), ("blue", "Running"))
    same([one["name"] for one in az("aks", "list", "--resource-group", rg)], ["blue"])


def power():
    az("aks", "stop", "--resource-group", rg, "--name", "blue")
    same(az("aks", "show", "--resource-group", rg, "--name", "blue")["powerState"]["code"], "Stopped")
    az("aks", "start", "--resource-group", rg, "--name", "blue")


def measure():
    cluster_id = az("aks", "show", "--resource-group", rg, "--name", "blue")["id"]
    shown = az(
        "monitor", "metrics", "list", "--resource", cluster_id, "--metric", "node_cpu_usage_percentage", "--interval", "PT1M",
        "--aggregation", "Average",
    )
    same(shown["value"][0]["name"]["value"], "node_cpu_usage_percentage")


def delete_cluster():
    az("aks", "delete", "--resource-group", rg, "--name", "blue", "--yes")
    az_refused("ResourceNotFound", "aks", "show", "--resource-group", rg, "--name", "blue")


def front_door():
    fd = "Microsoft.Cdn/profiles/fd"
    rest("put", fd, "2025-06-01", {"location": "global", "sku": {"name": "Standard_AzureFrontDoor"}})
    rest("put", f"{fd}/afdEndpoints/web", "2025-06-01", {"location": "global"})
    shown = rest("get", f"{fd}/afdEndpoints/web", "2025-06-01")
    assert shown["properties"]["hostName"].endswith(".azurefd.net"), shown
    rest("delete", fd, "2025-06-01")


traffic.step("sign in, create a profile and endpoints", create_profile)
traffic.step("update an endpoint, which it does by GET and PUT", update_endpoint)
traffic.step("delete, read what is not there", delete_profile)
aks.step("show, list", cluster)
aks.step("stop, start", power)
metrics.step("list", measure)
aks.step("delete, read what is not there", delete_cluster)
door.step("az rest: a profile's life", front_door)
end()
