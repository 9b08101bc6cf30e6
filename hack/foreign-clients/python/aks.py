"""AKS by azure-mgmt-containerservice."""

from azure.core import MatchConditions
from azure.mgmt.containerservice import ContainerServiceClient

from knobs import slow
from life import SUBSCRIPTION, Life, absent, credential, end, group, options, refused, same, stale

slow("Microsoft.ContainerService/managedClusters")
life = Life("azure-mgmt-containerservice", "AKS")
client = ContainerServiceClient(credential(), SUBSCRIPTION, **options())
clusters, rg, name = client.managed_clusters, group(), "blue"


def create():
    pool = {"name": "sys", "count": 3, "vmSize": "Standard_D2s_v5", "mode": "System"}
    body = {"location": "westeurope", "properties": {"dnsPrefix": name, "agentPoolProfiles": [pool]}}
    made = clusters.begin_create_or_update(rg, name, body).result()
    same((made.provisioning_state, made.power_state.code), ("Succeeded", "Running"))
    same(made.node_resource_group, f"MC_{rg}_{name}_westeurope")
    same([(one.name, one.count) for one in client.agent_pools.list(rg, name)], [("sys", 3)])


def pools():
    def body(count):
        return {"properties": {"count": count, "mode": "User", "vmSize": "Standard_D2s_v5"}}

    same(client.agent_pools.begin_create_or_update(rg, name, "user", body(1)).result().provisioning_state, "Succeeded")
    stale(lambda: client.agent_pools.begin_create_or_update(
        rg, name, "user", body(2), etag="old", match_condition=MatchConditions.IfNotModified))
    etag = client.agent_pools.get(rg, name, "user").e_tag
    changed = client.agent_pools.begin_create_or_update(
        rg, name, "user", body(3), etag=etag, match_condition=MatchConditions.IfNotModified).result()
    same(changed.count, 3)
    same([one.name for one in clusters.get(rg, name).agent_pool_profiles], ["sys", "user"])
    client.agent_pools.begin_delete(rg, name, "user").result()
    absent(lambda: client.agent_pools.get(rg, name, "user"))
    error = refused(400, lambda: client.agent_pools.begin_delete(rg, name, "sys"))
    assert "at least one system node pool" in error.message, error.message


def power():
    clusters.begin_stop(rg, name).result()
    same(clusters.get(rg, name).power_state.code, "Stopped")
    clusters.begin_start(rg, name).result()
    same(clusters.get(rg, name).power_state.code, "Running")


def busy():
    clusters.begin_stop(rg, name, polling=False)
    error = refused(409, lambda: clusters.begin_delete(rg, name))
    same(error.error.code, "OperationNotAllowed")
    clusters.begin_abort_latest_operation(rg, name).result()
    same(clusters.get(rg, name).provisioning_state, "Canceled")


def reads():
    text = bytes(clusters.list_cluster_user_credentials(rg, name).kubeconfigs[0].value)
    assert b"clusters" in text, text
    assert clusters.get_upgrade_profile(rg, name).control_plane_profile.upgrades
    assert clusters.list_kubernetes_versions("westeurope").values_property
    same([one.name for one in clusters.list_by_resource_group(rg)], [name])


def delete():
    stale(lambda: clusters.begin_delete(rg, name, etag="old", match_condition=MatchConditions.IfNotModified))
    clusters.begin_delete(rg, name).result()
    clusters.begin_delete(rg, name).result()
    absent(lambda: clusters.get(rg, name))


life.step("create", create)
life.step("node pools, stale etag: 412, the last one stays", pools)
life.step("stop, start", power)
life.step("one operation at a time; abort", busy)
life.step("credentials, upgrades, versions, lists", reads)
life.step("delete with a stale etag: 412; delete, twice", delete)
end()
