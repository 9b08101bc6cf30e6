"""What Teal's targets wrote, read back by the Azure CLI."""

from life import az, log_in
from told import URL, Life, end, group, same, shares, written

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


def rest(path, version):
    resource = f"/subscriptions/{{subscriptionId}}/resourceGroups/{rg}/providers/{path}"
    return az("rest", "--method", "get", "--url", f"{URL}{resource}?api-version={version}")


def front_door():
    want = teal["frontDoor"]

    def get(path):
        return rest(f"Microsoft.Cdn/profiles/{want['profile']}/{path}", "2025-06-01")

    route = get(f"afdEndpoints/{want['endpoint']}/routes/{want['route']}")
    same(route["properties"]["originGroup"]["id"].split("/")[-1], want["originGroup"])
    origins = {one["name"]: one["properties"] for one in get(f"originGroups/{want['group']}/origins")["value"]}
    weights = {name: one["weight"] for name, one in origins.items() if one["enabledState"] == "Enabled"}
    same(shares(weights), want["shares"])


def classic():
    want = teal["frontDoorClassic"]
    found = rest(f"Microsoft.Network/frontDoors/{want['frontDoor']}", "2021-06-01")["properties"]
    [pool] = [one["properties"] for one in found["backendPools"] if one["name"] == want["pool"]]
    weights = {one["address"]: one["weight"] for one in pool["backends"] if one["enabledState"] == "Enabled"}
    same(shares(weights), want["shares"])


def gateway():
    want = teal["applicationGateway"]
    where = ["--resource-group", rg, "--gateway-name", want["gateway"], "--name", want["pool"]]
    found = az("network", "application-gateway", "address-pool", "show", *where)
    same([one["ipAddress"] for one in found["backendAddresses"]], want["addresses"])
    shown = az("network", "application-gateway", "show", "--resource-group", rg, "--name", want["gateway"])
    same((shown["provisioningState"], shown["tags"]), ("Succeeded", want["tags"]))


Life("azure-cli", "Azure DNS").step(STEP, dns)
Life("azure-cli", "Azure Private DNS").step(STEP, private_dns)
Life("azure-cli", "Traffic Manager").step(STEP, traffic_manager)
Life("azure-cli", "Front Door").step(STEP, front_door)
Life("azure-cli", "Front Door (classic)").step(STEP, classic)
Life("azure-cli", "Application Gateway").step(STEP, gateway)
end()
