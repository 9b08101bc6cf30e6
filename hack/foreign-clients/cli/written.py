"""What Teal's targets wrote, read back by the Azure CLI."""

from life import az, log_in
from told import SUBSCRIPTION, URL, Life, end, group, same, shares, written

STEP = "read what Teal wrote"
rg = group()
teal = written(rg)


def compare(found, addresses, ttl, want):
    same([one["ipv4Address"] for one in addresses], want["addresses"])
    same((ttl, found["metadata"]), (want["ttl"], want["metadata"]))


def dns():
    log_in()
    want = teal["dns"]
    where = ["--resource-group", rg, "--zone-name", want["zone"], "--name", want["record"]]
    found = az("network", "dns", "record-set", "a", "show", *where)
    compare(found, found["ARecords"], found["TTL"], want)


def private_dns():
    want = teal["privateDns"]
    where = ["--resource-group", rg, "--zone-name", want["zone"], "--name", want["record"]]
    found = az("network", "private-dns", "record-set", "a", "show", *where)
    compare(found, found["aRecords"], found["ttl"], want)


def traffic_manager():
    want = teal["trafficManager"]
    found = az("network", "traffic-manager", "profile", "show", "--resource-group", rg, "--name", want["profile"])
    same(found["trafficRoutingMethod"], "Weighted")
    weights = {one["name"]: one["weight"] for one in found["endpoints"] if one["endpointStatus"] == "Enabled"}
    same(shares(weights), want["shares"])


def front_door():
    want = teal["frontDoor"]
    profile = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{rg}/providers/Microsoft.Cdn/profiles/{want['profile']}"

    def get(path):
        return az("rest", "--method", "get", "--url", f"{URL}{profile}/{path}?api-version=2025-06-01")

    route = get(f"afdEndpoints/{want['endpoint']}/routes/{want['route']}")
    same(route["properties"]["originGroup"]["id"].split("/")[-1], want["originGroup"])
    origins = {one["name"]: one["properties"] for one in get(f"originGroups/{want['group']}/origins")["value"]}
    weights = {name: one["weight"] for name, one in origins.items() if one["enabledState"] == "Enabled"}
    same(shares(weights), want["shares"])


Life("azure-cli", "Azure DNS").step(STEP, dns)
Life("azure-cli", "Azure Private DNS").step(STEP, private_dns)
Life("azure-cli", "Traffic Manager").step(STEP, traffic_manager)
Life("azure-cli", "Front Door").step(STEP, front_door)
end()
