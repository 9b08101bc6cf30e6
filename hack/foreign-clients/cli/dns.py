"""`az network dns` and `az network private-dns`, `az rest`, `az lock`, `az role`, groups and tokens."""

from life import az, az_refused, log_in
from told import URL, Life, end, group, same

login = Life("azure-cli", "sign-in and groups")
dns = Life("azure-cli", "Azure DNS")
private = Life("azure-cli", "Azure Private DNS")
scopes = Life("azure-cli", "locks and roles")
rg, zone = group(), "cli.example"
NAME = ["--resource-group", rg, "--zone-name", zone]


def sign_in():
    subscriptions = log_in()
    same(len(subscriptions), 1)
    assert az("account", "get-access-token")["accessToken"]


def create_group():
    az("group", "create", "--name", rg, "--location", "westeurope")
    same(az("group", "exists", "--name", rg), True)
    assert rg in [one["name"] for one in az("group", "list")]


def create():
    made = az("network", "dns", "zone", "create", "--resource-group", rg, "--name", zone)
    same(made["numberOfRecordSets"], 2)
    for address in ["192.0.2.1", "192.0.2.2"]:
        az("network", "dns", "record-set", "a", "add-record", *NAME, "--record-set-name", "www", "--ipv4-address", address)
    shown = az("network", "dns", "record-set", "a", "show", *NAME, "--name", "www")
    same([one["ipv4Address"] for one in shown["ARecords"]], ["192.0.2.1", "192.0.2.2"])


def update():
    az("network", "dns", "record-set", "a", "update", *NAME, "--name", "www", "--set", "TTL=30", "metadata.owner=cli")
    shown = az("network", "dns", "record-set", "a", "show", *NAME, "--name", "www")
    same((shown["TTL"], shown["metadata"]), (30, {"owner": "cli"}))
    # How a record with a ledger in its metadata is flipped by hand: one write, and the metadata stays.
    az("network", "dns", "record-set", "a", "update", *NAME, "--name", "www", "--set", "ARecords[0].ipv4Address=192.0.2.3")
    shown = az("network", "dns", "record-set", "a", "show", *NAME, "--name", "www")
    same((shown["ARecords"][0]["ipv4Address"], shown["TTL"], shown["metadata"]), ("192.0.2.3", 30, {"owner": "cli"}))
    az_refused(
        "PreconditionFailed", "network", "dns", "record-set", "a", "create", *NAME, "--name", "www", "--if-none-match", "*"
    )


def listing():
    az("network", "dns", "record-set", "cname", "set-record", *NAME, "--record-set-name", "c", "--cname", "www.cli.example")
    sets = az("network", "dns", "record-set", "list", *NAME)
    same(len(sets), 4)
    zones = az("network", "dns", "zone", "list", "--resource-group", rg)
    same([one["name"] for one in zones], [zone])


def rest():
    path = f"/subscriptions/{{subscriptionId}}/resourceGroups/{rg}/providers/Microsoft.Network/dnsZones/{zone}/A/www"
    shown = az("rest", "--method", "get", "--url", f"{URL}{path}?api-version=2018-05-01")
    same(shown["properties"]["fqdn"], f"www.{zone}.")


def lock():
    az("lock", "create", "--name", "keep", "--lock-type", "CanNotDelete", "--resource-group", rg)
    same([(one["name"], one["level"]) for one in az("lock", "list", "--resource-group", rg)], [("keep", "CanNotDelete")])
    az_refused("ScopeLocked", "network", "dns", "zone", "delete", "--resource-group", rg, "--name", zone, "--yes")
    az("lock", "delete", "--name", "keep", "--resource-group", rg)
    same(az("lock", "list", "--resource-group", rg), [])


def role():
    scope = az("network", "dns", "zone", "show", "--resource-group", rg, "--name", zone)["id"]
    # Given whole, so that nobody has to look a principal up.
    who, at = "33333333-3333-3333-3333-333333333333", ["--scope", scope]
    named = ["--role", "DNS Zone Contributor", *at]
    made = az("role", "assignment", "create", *named, "--assignee-object-id", who, "--assignee-principal-type", "ServicePrincipal")
    same((made["principalId"], made["scope"]), (who, scope))
    listed = az("role", "assignment", "list", *at, "--fill-principal-name", "false", "--fill-role-definition-name", "true")
    same([(one["principalId"], one["roleDefinitionName"]) for one in listed], [(who, "DNS Zone Contributor")])
    az("role", "assignment", "delete", "--ids", made["id"])
    same(az("role", "assignment", "list", *at, "--fill-principal-name", "false"), [])


def delete():
    az("network", "dns", "record-set", "a", "delete", *NAME, "--name", "www", "--yes")
    az_refused("NotFound", "network", "dns", "record-set", "a", "show", *NAME, "--name", "www")
    az("network", "dns", "zone", "delete", "--resource-group", rg, "--name", zone, "--yes")
    same(az("network", "dns", "zone", "list", "--resource-group", rg), [])


def private_life():
    own = ["--resource-group", rg, "--zone-name", "cli.internal"]
    made = az("network", "private-dns", "zone", "create", "--resource-group", rg, "--name", "cli.internal")
    same(made["provisioningState"], "Succeeded")
    az("network", "private-dns", "record-set", "a", "add-record", *own, "--record-set-name", "www", "--ipv4-address", "10.0.0.1")
    shown = az("network", "private-dns", "record-set", "a", "show", *own, "--name", "www")
    same(shown["aRecords"][0]["ipv4Address"], "10.0.0.1")
    az("network", "private-dns", "record-set", "a", "delete", *own, "--name", "www", "--yes")
    az("network", "private-dns", "zone", "delete", "--resource-group", rg, "--name", "cli.internal", "--yes")


def delete_group():
    az("group", "delete", "--name", rg, "--yes")
    same(az("group", "exists", "--name", rg), False)


login.step("register the cloud, sign in, get a token", sign_in)
login.step("create and list groups", create_group)
dns.step("create a zone, add records", create)
dns.step("update, create what exists: 412", update)
dns.step("list", listing)
dns.step("az rest", rest)
scopes.step("lock a group, delete in it: refused, unlock", lock)
scopes.step("assign a role at a zone, list, delete", role)
dns.step("delete", delete)
private.step("create, read, delete by operations", private_life)
login.step("delete the group", delete_group)
end()
