"""Application Gateway and public addresses by azure-mgmt-network."""

from azure.mgmt.network import NetworkManagementClient

from knobs import slow
from life import SUBSCRIPTION, Life, absent, credential, end, group, options, refused, same

slow("Microsoft.Network/applicationGateways")
life = Life("azure-mgmt-network", "Application Gateway")
client = NetworkManagementClient(credential(), SUBSCRIPTION, **options())
rg, name = group(), "gw"
network = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{rg}/providers/Microsoft.Network"


def part(kind, one):
    return {"id": f"{network}/applicationGateways/{name}/{kind}/{one}"}


def address():
    body = {"location": "westeurope", "properties": {"publicIPAllocationMethod": "Static"}}
    made = client.public_ip_addresses.begin_create_or_update(rg, "front", body).result()
    assert made.ip_address and made.provisioning_state == "Succeeded", made


def create():
    draining = {"enabled": True, "drainTimeoutInSec": 30}
    body = {"location": "westeurope", "properties": {
        "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 1},
        "gatewayIPConfigurations": [{"name": "ip", "properties": {"subnet": {"id": f"{network}/virtualNetworks/v/subnets/s"}}}],
        "frontendIPConfigurations": [{"name": "front", "properties": {"publicIPAddress": {"id": f"{network}/publicIPAddresses/front"}}}],
        "frontendPorts": [{"name": "p80", "properties": {"port": 80}}],
        "backendAddressPools": [{"name": "aks", "properties": {"backendAddresses": [{"ipAddress": "10.1.0.4"}]}}],
        "backendHttpSettingsCollection": [{"name": "set", "properties": {"port": 80, "protocol": "Http", "connectionDraining": draining}}],
        "httpListeners": [{"name": "l", "properties": {
            "frontendIPConfiguration": part("frontendIPConfigurations", "front"),
            "frontendPort": part("frontendPorts", "p80"), "protocol": "Http"}}],
        "requestRoutingRules": [{"name": "r", "properties": {
            "ruleType": "Basic", "priority": 10, "httpListener": part("httpListeners", "l"),
            "backendAddressPool": part("backendAddressPools", "aks"),
            "backendHttpSettings": part("backendHttpSettingsCollection", "set")}}],
    }}
    made = client.application_gateways.begin_create_or_update(rg, name, body).result()
    same((made.provisioning_state, made.operational_state), ("Succeeded", "Running"))
    same(made.backend_address_pools[0].provisioning_state, "Succeeded")


def flip():
    whole = client.application_gateways.get(rg, name)
    whole.backend_address_pools[0].backend_addresses[0].ip_address = "10.2.0.4"
    changed = client.application_gateways.begin_create_or_update(rg, name, whole).result()
    same(changed.backend_address_pools[0].backend_addresses[0].ip_address, "10.2.0.4")


def mistakes():
    whole = client.application_gateways.get(rg, name)
    whole.backend_address_pools[0].name = "other"
    refused(400, lambda: client.application_gateways.begin_create_or_update(rg, name, whole).result())
    same(client.application_gateways.update_tags(rg, name, {"tags": {"a": "b"}}).tags, {"a": "b"})


def health():
    found = client.application_gateways.begin_backend_health(rg, name).result()
    server = found.backend_address_pools[0].backend_http_settings_collection[0].servers[0]
    same(server.address, "10.2.0.4")
    assert server.health in ("Unknown", "Down"), server.health


def power():
    client.application_gateways.begin_stop(rg, name).result()
    same(client.application_gateways.get(rg, name).operational_state, "Stopped")
    client.application_gateways.begin_start(rg, name).result()
    same([one.name for one in client.application_gateways.list(rg)], [name])


def delete():
    client.application_gateways.begin_delete(rg, name).result()
    client.application_gateways.begin_delete(rg, name).result()
    absent(lambda: client.application_gateways.get(rg, name))


life.step("a public address", address)
life.step("create", create)
life.step("read, change, write the whole", flip)
life.step("a reference to nothing; tags alone", mistakes)
life.step("health of what is behind it", health)
life.step("stop, start, list", power)
life.step("delete, twice", delete)
end()
