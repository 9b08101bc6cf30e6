"""Azure DNS by azure-mgmt-dns."""

from azure.mgmt.dns import DnsManagementClient
from azure.mgmt.dns.models import ARecord, CnameRecord, RecordSet, SubResource, TxtRecord, Zone

from life import SUBSCRIPTION, Life, absent, credential, end, group, options, refused, same, stale

life = Life("azure-mgmt-dns", "Azure DNS")
client = DnsManagementClient(credential(), SUBSCRIPTION, **options())
rg, zone = group(), "python.example"


def address(*addresses, ttl=60, **more):
    return RecordSet(ttl=ttl, a_records=[ARecord(ipv4_address=one) for one in addresses], **more)


def create_zone():
    made = client.zones.create_or_update(rg, zone, Zone(location="global", tags={"made": "by python"}))
    same(made.name, zone)
    same(len(made.name_servers), 4)
    same(made.number_of_record_sets, 2)


def create():
    made = client.record_sets.create_or_update(
        rg, zone, "www", "A", address("192.0.2.1", metadata={"owner": "python"}), if_none_match="*"
    )
    same(made.fqdn, f"www.{zone}.")
    same(made.type, "Microsoft.Network/dnszones/A")
    same(made.metadata, {"owner": "python"})
    return made


def conditional():
    first = client.record_sets.get(rg, zone, "www", "A")
    second = client.record_sets.create_or_update(rg, zone, "www", "A", address("192.0.2.2"), if_match=first.etag)
    assert first.etag != second.etag
    same(second.a_records[0].ipv4_address, "192.0.2.2")
    assert not second.metadata, "PUT replaces, so the metadata must be gone"
    stale(lambda: client.record_sets.create_or_update(rg, zone, "www", "A", address("192.0.2.3"), if_match=first.etag))
    stale(lambda: client.record_sets.delete(rg, zone, "www", "A", if_match=first.etag))


def exists():
    stale(lambda: client.record_sets.create_or_update(rg, zone, "www", "A", address("192.0.2.9"), if_none_match="*"))


def merge():
    merged = client.record_sets.update(rg, zone, "www", "A", RecordSet(metadata={"a": "b"}))
    same(merged.a_records[0].ipv4_address, "192.0.2.2")
    same(merged.metadata, {"a": "b"})


def other_types():
    client.record_sets.create_or_update(rg, zone, "txt", "TXT", RecordSet(ttl=5, txt_records=[TxtRecord(value=["a", "b"])]))
    client.record_sets.create_or_update(rg, zone, "c", "CNAME", RecordSet(ttl=5, cname_record=CnameRecord(cname="x.example")))
    refused(409, lambda: client.record_sets.create_or_update(rg, zone, "c", "A", address("192.0.2.1")))


def alias():
    target = client.record_sets.get(rg, zone, "www", "A").id
    made = client.record_sets.create_or_update(
        rg, zone, "alias", "A", RecordSet(ttl=5, target_resource=SubResource(id=target))
    )
    same(made.target_resource.id, target)
    assert not made.a_records


def paging():
    for at in range(7):
        client.record_sets.create_or_update(rg, zone, f"h{at}", "A", address("192.0.2.1"))
    pages = list(client.record_sets.list_by_type(rg, zone, "A", top=4).by_page())
    names = [one.name for page in map(list, pages) for one in page]
    same(sorted(names), sorted(["www", "alias"] + [f"h{at}" for at in range(7)]))
    everything = list(client.record_sets.list_by_dns_zone(rg, zone))
    same(len(everything), client.zones.get(rg, zone).number_of_record_sets)
    same(len(list(client.record_sets.list_by_dns_zone(rg, zone, recordsetnamesuffix="3"))), 1)
    assert zone in [one.name for one in client.zones.list()]
    same([one.name for one in client.zones.list_by_resource_group(rg)], [zone])


def missing():
    error = absent(lambda: client.record_sets.get(rg, zone, "nowhere", "A"))
    same(error.error.code, "NotFound")
    error = absent(lambda: client.zones.get(rg, "nowhere.example"))
    same(error.error.code, "ResourceNotFound")


def delete():
    client.record_sets.delete(rg, zone, "www", "A")
    client.record_sets.delete(rg, zone, "www", "A")
    absent(lambda: client.record_sets.get(rg, zone, "www", "A"))
    emptied = client.record_sets.get(rg, zone, "alias", "A")
    assert not (emptied.target_resource and emptied.target_resource.id), "the alias empties with its target"


def delete_zone():
    client.zones.begin_delete(rg, zone).result()
    absent(lambda: client.zones.get(rg, zone))


life.step("create a zone", create_zone)
life.step("create", create)
life.step("create what exists: 412", exists)
life.step("conditional update, stale etag: 412", conditional)
life.step("merge", merge)
life.step("TXT, CNAME and its exclusivity", other_types)
life.step("alias", alias)
life.step("list with paging", paging)
life.step("read what is not there", missing)
life.step("delete, twice", delete)
life.step("delete the zone", delete_zone)
end()
