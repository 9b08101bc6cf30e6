"""Azure Private DNS by azure-mgmt-privatedns."""

from azure.core import MatchConditions
from azure.mgmt.privatedns import PrivateDnsManagementClient
from azure.mgmt.privatedns.models import ARecord, PrivateZone, RecordSet, SubResource, VirtualNetworkLink

from life import SUBSCRIPTION, Life, absent, credential, end, group, options, refused, same, stale

life = Life("azure-mgmt-privatedns", "Azure Private DNS")
client = PrivateDnsManagementClient(credential(), SUBSCRIPTION, **options())
rg, zone = group(), "python.internal"
network = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{rg}/providers/Microsoft.Network/virtualNetworks/hub"


def address(one, ttl=30, **more):
    return RecordSet(ttl=ttl, a_records=[ARecord(ipv4_address=one)], **more)


MISSING = {"etag": "*", "match_condition": MatchConditions.IfMissing}


def unchanged(etag):
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def create_zone():
    made = client.private_zones.begin_create_or_update(rg, zone, PrivateZone(location="global", tags={"a": "b"})).result()
    same((made.name, made.provisioning_state, made.number_of_record_sets), (zone, "Succeeded", 1))
    tagged = client.private_zones.begin_update(rg, zone, PrivateZone(tags={"c": "d"})).result()
    same(tagged.tags, {"c": "d"})


def link():
    body = VirtualNetworkLink(location="global", registration_enabled=False, virtual_network=SubResource(id=network))
    made = client.virtual_network_links.begin_create_or_update(rg, zone, "hub", body).result()
    same(made.virtual_network_link_state, "Completed")
    same([one.name for one in client.virtual_network_links.list(rg, zone)], ["hub"])


def create():
    made = client.record_sets.create_or_update(
        rg, zone, "A", "WWW", address("10.0.0.1", metadata={"owner": "python"}), **MISSING
    )
    same((made.name, made.fqdn, made.is_auto_registered), ("www", f"www.{zone}.", False))
    stale(lambda: client.record_sets.create_or_update(rg, zone, "A", "www", address("10.0.0.9"), **MISSING))


def conditional():
    first = client.record_sets.get(rg, zone, "A", "www")
    second = client.record_sets.create_or_update(rg, zone, "A", "www", address("10.0.0.2"), **unchanged(first.etag))
    assert first.etag != second.etag and not second.metadata
    stale(lambda: client.record_sets.create_or_update(rg, zone, "A", "www", address("10.0.0.3"), **unchanged(first.etag)))
    merged = client.record_sets.update(rg, zone, "A", "www", RecordSet(metadata={"x": "y"}))
    same((merged.metadata, merged.a_records[0].ipv4_address), ({"x": "y"}, "10.0.0.2"))


def paging():
    for at in range(5):
        client.record_sets.create_or_update(rg, zone, "A", f"h{at}", address("10.0.0.1"))
    pages = [list(page) for page in client.record_sets.list_by_type(rg, zone, "A", top=4).by_page()]
    same([len(page) for page in pages], [4, 2])
    same(len(list(client.record_sets.list(rg, zone))), 7)
    assert zone in [one.name for one in client.private_zones.list()]


def delete():
    client.record_sets.delete(rg, zone, "A", "www")
    client.record_sets.delete(rg, zone, "A", "www")
    absent(lambda: client.record_sets.get(rg, zone, "A", "www"))


def delete_zone():
    refused(409, lambda: client.private_zones.begin_delete(rg, zone).result())
    client.virtual_network_links.begin_delete(rg, zone, "hub").result()
    client.private_zones.begin_delete(rg, zone).result()
    absent(lambda: client.private_zones.get(rg, zone))


life.step("create a zone by an operation", create_zone)
life.step("link a network", link)
life.step("create, create what exists: 412", create)
life.step("conditional update, stale etag: 412, merge", conditional)
life.step("list with paging", paging)
life.step("delete, twice", delete)
life.step("delete the zone, refused while linked", delete_zone)
end()
