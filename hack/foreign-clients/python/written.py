"""What Teal's targets wrote, read back by Microsoft's clients."""

from azure.mgmt.cdn import CdnManagementClient
from azure.mgmt.dns import DnsManagementClient
from azure.mgmt.frontdoor import FrontDoorManagementClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.privatedns import PrivateDnsManagementClient
from azure.mgmt.trafficmanager import TrafficManagerManagementClient

from life import SUBSCRIPTION, Life, credential, end, group, options, same
from told import shares, written

STEP = "read what Teal wrote"
rg = group()
teal = written(rg)


def client(kind):
    return kind(credential(), SUBSCRIPTION, **options())


def dns():
    want = teal["dns"]
    found = client(DnsManagementClient).record_sets.get(rg, want["zone"], want["record"], "A")
    same([one.ipv4_address for one in found.a_records], want["addresses"])
    same((found.ttl, found.metadata), (want["ttl"], want["metadata"]))


def private_dns():
    want = teal["privateDns"]
    found = client(PrivateDnsManagementClient).record_sets.get(rg, want["zone"], "A", want["record"])
    same([one.ipv4_address for one in found.a_records], want["addresses"])
    same((found.ttl, found.metadata), (want["ttl"], want["metadata"]))


def front_door():
    want, cdn = teal["frontDoor"], client(CdnManagementClient)
    route = cdn.routes.get(rg, want["profile"], want["endpoint"], want["route"])
    assert route.origin_group.id.endswith(f"/originGroups/{want['originGroup']}"), route.origin_group.id
    same(route.patterns_to_match, ["/*"])
    origins = cdn.afd_origins.list_by_origin_group(rg, want["profile"], want["group"])
    same(shares({one.name: one.weight for one in origins if one.enabled_state == "Enabled"}), want["shares"])


def traffic_manager():
    want = teal["trafficManager"]
    found = client(TrafficManagerManagementClient).profiles.get(rg, want["profile"])
    same(found.traffic_routing_method, "Weighted")
    weights = {one.name: one.weight for one in found.endpoints if one.endpoint_status == "Enabled"}
    same(shares(weights), want["shares"])


def classic():
    want = teal["frontDoorClassic"]
    found = client(FrontDoorManagementClient).front_doors.get(rg, want["frontDoor"])
    [pool] = [one for one in found.backend_pools if one.name == want["pool"]]
    weights = {one.address: one.weight for one in pool.backends if one.enabled_state == "Enabled"}
    same(shares(weights), want["shares"])
    [rule] = found.routing_rules
    same((rule.patterns_to_match, rule.route_configuration.backend_pool.id), (["/*"], pool.id))


def gateway():
    want = teal["applicationGateway"]
    found = client(NetworkManagementClient).application_gateways.get(rg, want["gateway"])
    [pool] = [one for one in found.backend_address_pools if one.name == want["pool"]]
    same([one.ip_address for one in pool.backend_addresses], want["addresses"])
    draining = found.backend_http_settings_collection[0].connection_draining
    same((draining.enabled, draining.drain_timeout_in_sec, found.tags), (True, want["draining"], want["tags"]))


Life("azure-mgmt-dns", "Azure DNS").step(STEP, dns)
Life("azure-mgmt-privatedns", "Azure Private DNS").step(STEP, private_dns)
Life("azure-mgmt-cdn", "Front Door").step(STEP, front_door)
Life("azure-mgmt-trafficmanager", "Traffic Manager").step(STEP, traffic_manager)
Life("azure-mgmt-frontdoor", "Front Door (classic)").step(STEP, classic)
Life("azure-mgmt-network", "Application Gateway").step(STEP, gateway)
end()
