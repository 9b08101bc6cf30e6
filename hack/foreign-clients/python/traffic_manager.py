"""Traffic Manager by azure-mgmt-trafficmanager."""

from azure.mgmt.trafficmanager import TrafficManagerManagementClient

from life import SUBSCRIPTION, Life, absent, credential, end, group, options, refused, same

life = Life("azure-mgmt-trafficmanager", "Traffic Manager")
client = TrafficManagerManagementClient(credential(), SUBSCRIPTION, **options())
rg, name = group(), "life"
relative = rg


def endpoint(name, **properties):
    return {
        "name": name,
        "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
        "properties": {"target": f"{name}.example", **properties},
    }


def create():
    made = client.profiles.create_or_update(rg, name, {
        "location": "global",
        "properties": {
            "trafficRoutingMethod": "Weighted",
            "dnsConfig": {"relativeName": relative, "ttl": 0},
            "monitorConfig": {"protocol": "HTTP", "port": 80, "path": "/"},
            "endpoints": [endpoint("blue", weight=1000)],
        },
    })
    same(made.dns_config.fqdn, f"{relative}.trafficmanager.net")
    same(made.endpoints[0].endpoint_monitor_status, "CheckingEndpoint")
    same(made.monitor_config.tolerated_number_of_failures, 3)


def one_endpoint():
    made = client.endpoints.create_or_update(rg, name, "ExternalEndpoints", "green", endpoint("green"))
    same((made.priority, made.weight), (2, 1))
    same(client.endpoints.update(rg, name, "ExternalEndpoints", "green", {"properties": {"weight": 50}}).weight, 50)
    same(client.endpoints.get(rg, name, "externalEndpoints", "green").target, "green.example")


def mistakes():
    both = [endpoint("blue", priority=1), endpoint("green", priority=1)]
    error = refused(400, lambda: client.profiles.update(rg, name, {"properties": {"endpoints": both}}))
    assert "same priority 1" in error.message, error.message
    refused(400, lambda: client.endpoints.update(rg, name, "ExternalEndpoints", "green", {"properties": {"weight": 1001}}))
    other = {"location": "global", "properties": {
        "trafficRoutingMethod": "Priority", "dnsConfig": {"relativeName": relative, "ttl": 0},
        "monitorConfig": {"protocol": "HTTP", "port": 80, "path": "/"}}}
    refused(409, lambda: client.profiles.create_or_update(rg, "other", other))


def flip():
    profile = client.profiles.get(rg, name)
    for one in profile.endpoints:
        one.weight = 1 if one.name == "blue" else 1000
    changed = client.profiles.update(rg, name, profile)
    same({one.name: one.weight for one in changed.endpoints}, {"blue": 1, "green": 1000})


def lists():
    same([one.name for one in client.profiles.list_by_resource_group(rg)], [name])
    assert name in [one.name for one in client.profiles.list_by_subscription()]
    asked = {"name": relative, "type": "microsoft.network/trafficmanagerprofiles"}
    same(client.profiles.check_traffic_manager_relative_dns_name_availability(asked).name_available, False)


def delete():
    client.endpoints.delete(rg, name, "ExternalEndpoints", "green")
    client.endpoints.delete(rg, name, "ExternalEndpoints", "green")
    client.profiles.delete(rg, name)
    client.profiles.delete(rg, name)
    same(absent(lambda: client.profiles.get(rg, name)).error.code, "ResourceNotFound")


life.step("create", create)
life.step("one endpoint: create, change, read", one_endpoint)
life.step("colliding priorities, weights out of bounds, a name that is taken", mistakes)
life.step("all weights in one write", flip)
life.step("lists, is a name free", lists)
life.step("delete, twice", delete)
end()
