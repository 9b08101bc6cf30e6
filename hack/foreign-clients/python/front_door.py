"""Front Door Standard and Premium by azure-mgmt-cdn."""

from azure.mgmt.cdn import CdnManagementClient

from knobs import slow
from life import SUBSCRIPTION, Life, absent, credential, end, group, options, refused, same

slow("Microsoft.Cdn/*")
life = Life("azure-mgmt-cdn", "Front Door")
client = CdnManagementClient(credential(), SUBSCRIPTION, **options())
rg, name = group(), "life"
profile = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{rg}/providers/Microsoft.Cdn/profiles/{name}"


def to(color):
    return {"properties": {"originGroup": {"id": f"{profile}/originGroups/{color}"}}}


def create():
    made = client.profiles.begin_create(rg, name, {"location": "global", "sku": {"name": "Premium_AzureFrontDoor"}}).result()
    same((made.name, made.provisioning_state, made.resource_state), (name, "Succeeded", "Active"))
    endpoint = client.afd_endpoints.begin_create(rg, name, "web", {"location": "global"}).result()
    assert endpoint.host_name.startswith("web-") and endpoint.host_name.endswith(".azurefd.net"), endpoint.host_name
    for color in ("blue", "green"):
        balancing = {"sampleSize": 4, "successfulSamplesRequired": 3, "additionalLatencyInMilliseconds": 50}
        client.afd_origin_groups.begin_create(rg, name, color, {"properties": {"loadBalancingSettings": balancing}}).result()
        origin = {"properties": {"hostName": f"{color}.example", "weight": 100, "priority": 1}}
        made = client.afd_origins.begin_create(rg, name, color, "one", origin).result()
        same((made.provisioning_state, made.deployment_status, made.weight), ("Succeeded", "NotStarted", 100))
    route = {"linkToDefaultDomain": "Enabled", "patternsToMatch": ["/*"], "supportedProtocols": ["Http", "Https"]}
    route = {"properties": {**to("blue")["properties"], **route}}
    same(client.routes.begin_create(rg, name, "web", "all", route).result().provisioning_state, "Succeeded")


def flip():
    changed = client.routes.begin_update(rg, name, "web", "all", to("green")).result()
    assert changed.origin_group.id.endswith("/green"), changed.origin_group.id
    same(changed.patterns_to_match, ["/*"])


def last_origin():
    off = {"properties": {"enabledState": "Disabled"}}
    error = refused(400, lambda: client.afd_origins.begin_update(rg, name, "green", "one", off).result())
    assert "last origin" in error.message, error.message
    refused(409, lambda: client.afd_origins.begin_delete(rg, name, "green", "one").result())
    refused(409, lambda: client.afd_origin_groups.begin_delete(rg, name, "green").result())
    same(client.afd_origins.begin_update(rg, name, "blue", "one", off).result().enabled_state, "Disabled")


def rules():
    client.rule_sets.begin_create(rg, name, "set").result()
    header = {"typeName": "DeliveryRuleHeaderActionParameters", "headerAction": "Append", "headerName": "x-a", "value": "b"}
    rule = {"properties": {"order": 1, "actions": [{"name": "ModifyResponseHeader", "parameters": header}]}}
    same(client.rules.begin_create(rg, name, "set", "mark", rule).result().order, 1)
    domain = client.afd_custom_domains.begin_create(rg, name, "own", {"properties": {"hostName": f"{rg}.example"}}).result()
    same(domain.host_name, f"{rg}.example")


def purge():
    client.afd_endpoints.begin_purge_content(rg, name, "web", {"contentPaths": ["/*"]}).result()
    used = {one.name.value if hasattr(one.name, "value") else one.name: one.current_value
            for one in client.afd_profiles.list_resource_usage(rg, name)}
    same(used["origingroup"], 2)


def lists():
    same([one.name for one in client.afd_origin_groups.list_by_profile(rg, name)], ["blue", "green"])
    same([one.name for one in client.afd_origins.list_by_origin_group(rg, name, "blue")], ["one"])
    same([one.name for one in client.routes.list_by_endpoint(rg, name, "web")], ["all"])
    assert name in [one.name for one in client.profiles.list()]


def delete():
    client.routes.begin_delete(rg, name, "web", "all").result()
    client.afd_origin_groups.begin_delete(rg, name, "green").result()
    client.afd_origin_groups.begin_delete(rg, name, "green").result()
    absent(lambda: client.afd_origin_groups.get(rg, name, "green"))
    client.profiles.begin_delete(rg, name).result()
    absent(lambda: client.afd_endpoints.get(rg, name, "web"))


life.step("create a profile, an endpoint, groups, origins, a route", create)
life.step("the whole flip in one change", flip)
life.step("the last enabled origin stays, groups in use stay", last_origin)
life.step("rules, a custom domain", rules)
life.step("purge, usage", purge)
life.step("lists", lists)
life.step("delete, twice", delete)
end()
