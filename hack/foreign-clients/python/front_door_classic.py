"""Front Door (classic) by azure-mgmt-frontdoor."""

from azure.mgmt.frontdoor import FrontDoorManagementClient

from knobs import slow
from life import SUBSCRIPTION, Life, absent, credential, end, group, options, refused, same

slow("Microsoft.Network/frontDoors")
life = Life("azure-mgmt-frontdoor", "Front Door (classic)")
client = FrontDoorManagementClient(credential(), SUBSCRIPTION, **options())
rg = group()
name = rg
door = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{rg}/providers/Microsoft.Network/frontDoors/{name}"


def part(kind, one):
    return {"id": f"{door}/{kind}/{one}"}


def backend(color, state):
    return {"address": f"{color}.example", "enabledState": state, "httpPort": 80, "httpsPort": 443, "priority": 1, "weight": 50}


def create():
    forward = {
        "@odata.type": "#Microsoft.Azure.FrontDoor.Models.FrontdoorForwardingConfiguration",
        "forwardingProtocol": "HttpOnly", "backendPool": part("backendPools", "pool"),
    }
    body = {"location": "global", "properties": {
        "frontendEndpoints": [{"name": "default", "properties": {"hostName": f"{name}.azurefd.net"}}],
        "loadBalancingSettings": [{"name": "lb", "properties": {"sampleSize": 4, "successfulSamplesRequired": 2}}],
        "healthProbeSettings": [{"name": "hp", "properties": {"path": "/", "protocol": "Http", "intervalInSeconds": 30}}],
        "backendPools": [{"name": "pool", "properties": {
            "backends": [backend("blue", "Enabled"), backend("green", "Disabled")],
            "loadBalancingSettings": part("loadBalancingSettings", "lb"), "healthProbeSettings": part("healthProbeSettings", "hp")}}],
        "routingRules": [{"name": "all", "properties": {
            "frontendEndpoints": [part("frontendEndpoints", "default")], "acceptedProtocols": ["Http"], "patternsToMatch": ["/*"],
            "routeConfiguration": forward}}],
    }}
    made = client.front_doors.begin_create_or_update(rg, name, body).result()
    same((made.cname, made.provisioning_state), (f"{name}.azurefd.net", "Succeeded"))


def flip():
    whole = client.front_doors.get(rg, name)
    for one in whole.backend_pools[0].backends:
        one.enabled_state = "Enabled" if one.address == "green.example" else "Disabled"
    changed = client.front_doors.begin_create_or_update(rg, name, whole).result()
    same({one.address: one.enabled_state for one in changed.backend_pools[0].backends},
         {"blue.example": "Disabled", "green.example": "Enabled"})


def mistakes():
    whole = client.front_doors.get(rg, name)
    for one in whole.backend_pools[0].backends:
        one.enabled_state = "Disabled"
    error = refused(400, lambda: client.front_doors.begin_create_or_update(rg, name, whole).result())
    assert "at least one enabled" in error.message, error.message


def lists():
    same([one.name for one in client.front_doors.list_by_resource_group(rg)], [name])
    assert name in [one.name for one in client.front_doors.list()]


def delete():
    client.front_doors.begin_delete(rg, name).result()
    client.front_doors.begin_delete(rg, name).result()
    absent(lambda: client.front_doors.get(rg, name))


life.step("create", create)
life.step("read, change, write the whole", flip)
life.step("a pool without an enabled backend", mistakes)
life.step("lists", lists)
life.step("delete, twice", delete)
end()
