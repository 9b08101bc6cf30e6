"""Metrics by azure-mgmt-monitor."""

from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.monitor import MonitorManagementClient

from knobs import admin
from life import SUBSCRIPTION, Life, credential, end, group, options, refused, same

life = Life("azure-mgmt-monitor", "Monitor metrics")
client = MonitorManagementClient(credential(), SUBSCRIPTION, **options())
rg, name, metric = group(), "blue", "node_cpu_usage_percentage"
cluster = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{rg}/providers/Microsoft.ContainerService/managedClusters/{name}"


def values():
    clusters = ContainerServiceClient(credential(), SUBSCRIPTION, **options()).managed_clusters
    clusters.begin_create_or_update(rg, name, {"location": "westeurope"}).result()
    measured = [{"value": 40, "dimensions": {"node": "a"}}, {"value": 60, "dimensions": {"node": "b"}}]
    admin("PUT", "metrics", {"resource": cluster, "metric": metric, "values": measured})
    found = client.metrics.list(cluster, metricnames=metric, interval="FULL", timespan="PT1H", aggregation="Average,Maximum").value
    point = found[0].timeseries[0].data[0]
    same((found[0].name.value, found[0].unit, point.average, point.maximum), (metric, "Percent", 50, 60))


def split():
    found = client.metrics.list(cluster, metricnames=metric, interval="FULL", timespan="PT1H", aggregation="Average",
                                filter="node eq '*'", orderby="average desc").value[0]
    same([(row.metadatavalues[0].value, row.data[0].average) for row in found.timeseries], [("b", 60), ("a", 40)])


def definitions():
    assert metric in [one.name.value for one in client.metric_definitions.list(cluster)]
    same(len(list(client.metric_namespaces.list(cluster))), 1)


def errors():
    refused(400, lambda: client.metrics.list(cluster, metricnames="nothing"))
    refused(400, lambda: client.metrics.list(cluster, metricnames=metric, interval="PT7M"))
    why = {"code": "InvalidSamplingType", "message": "not found"}
    admin("PUT", "metrics", {"resource": cluster, "metric": metric, "error": why})
    same(client.metrics.list(cluster, metricnames=metric).value[0].error_code, "InvalidSamplingType")


life.step("values", values)
life.step("split by a dimension, in order", split)
life.step("definitions, namespaces", definitions)
life.step("unknown metrics and grains; an error inside a 200", errors)
end()
