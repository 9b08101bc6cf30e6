"""A zone that Teal writes and octodns manages: what octodns sees of Teal's record, and what it does to Teal's ledger."""

from azure.identity import ClientSecretCredential
from azure.mgmt.dns import DnsManagementClient

from life import Octodns
from told import CA, SUBSCRIPTION, TENANT, URL, Life, end, group, same, written

life = Life("octodns-azure", "Azure DNS")
rg = group()
teal = written(rg)["dns"]
octodns = Octodns(rg, f"{teal['zone']}.")
RECORD = f"{teal['record']}: {{type: A, ttl: {teal['ttl']}, values: [{', '.join(teal['addresses'])}]}}\n"
OTHER = "other: {type: A, ttl: 60, values: [192.0.2.1]}\n"


def metadata():
    """Read by the azure-mgmt-dns that octodns brings, since octodns does not show it."""
    credential = ClientSecretCredential(
        TENANT, "octodns", "any", authority=URL, disable_instance_discovery=True, connection_verify=CA
    )
    scopes = ["https://management.azure.com/.default"]
    client = DnsManagementClient(credential, SUBSCRIPTION, base_url=URL, connection_verify=CA, credential_scopes=scopes)
    return client.record_sets.get(rg, teal["zone"], teal["record"], "A").metadata


def planned(records, plan):
    said = octodns.sync(records)
    assert plan in said, said[-1500:]


def read():
    dumped = octodns.dump()
    assert all(text in dumped for text in [f"{teal['record']}:", f"ttl: {teal['ttl']}", *teal["addresses"]]), dumped
    planned(RECORD, "No changes were planned")


def beside():
    planned(RECORD + OTHER, "Creates=1, Updates=0, Deletes=0")
    same(metadata(), teal["metadata"])


def over():
    planned(RECORD.replace(teal["addresses"][0], "192.0.2.9") + OTHER, "Creates=0, Updates=1, Deletes=0")
    same(metadata() or {}, {})


life.step("read what Teal wrote: nothing to change", read)
life.step("a change beside Teal's record leaves its ledger", beside)
life.step("a change of Teal's record writes it whole, without the ledger", over)
end()
