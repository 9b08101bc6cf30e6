// Azure Private DNS by @azure/arm-privatedns.
const { PrivateDnsManagementClient } = require("@azure/arm-privatedns");
const { Life, credential, end, group, options, pages, polling, refused, same, subscription } = require("./told.cjs");

const life = new Life("@azure/arm-privatedns", "Azure Private DNS");
const client = new PrivateDnsManagementClient(credential(), subscription, options);
const [rg, zone] = [group(), "node.internal"];
const address = (ipv4Address) => ({ ttl: 30, aRecords: [{ ipv4Address }] });

async function main() {
  await life.step("create a zone by an operation", async () => {
    const made = await client.privateZones.createOrUpdate(rg, zone, { location: "global" }, polling);
    same([made.name, made.provisioningState], [zone, "Succeeded"]);
  });
  await life.step("link a network, change the link, delete it", async () => {
    const id = `/subscriptions/${subscription}/resourceGroups/${rg}/providers/Microsoft.Network/virtualNetworks/hub`;
    const link = { location: "global", registrationEnabled: true, virtualNetwork: { id } };
    await client.virtualNetworkLinks.createOrUpdate(rg, zone, "hub", link, polling);
    const changed = await client.virtualNetworkLinks.update(rg, zone, "hub", { registrationEnabled: false }, polling);
    same([changed.name, changed.registrationEnabled, changed.virtualNetwork.id], ["hub", false, id]);
    await refused(409, () => client.privateZones.delete(rg, zone, polling));
    await client.virtualNetworkLinks.delete(rg, zone, "hub", polling);
    await refused(404, () => client.virtualNetworkLinks.get(rg, zone, "hub"));
  });
  await life.step("create, create what exists: 412", async () => {
    const made = await client.recordSets.createOrUpdate(rg, zone, "A", "WWW", address("10.0.0.1"), { ifNoneMatch: "*" });
    same([made.name, made.fqdn], ["www", `www.${zone}.`]);
    await refused(412, () => client.recordSets.createOrUpdate(rg, zone, "A", "www", address("10.0.0.9"), { ifNoneMatch: "*" }));
  });
  await life.step("conditional update, stale etag: 412", async () => {
    const { etag: ifMatch } = await client.recordSets.get(rg, zone, "A", "www");
    await client.recordSets.createOrUpdate(rg, zone, "A", "www", address("10.0.0.2"), { ifMatch });
    await refused(412, () => client.recordSets.createOrUpdate(rg, zone, "A", "www", address("10.0.0.3"), { ifMatch }));
  });
  await life.step("list with paging", async () => {
    for (let at = 0; at < 4; at += 1) {
      await client.recordSets.createOrUpdate(rg, zone, "A", `h${at}`, address("10.0.0.1"));
    }
    const [all, count] = await pages(client.recordSets.listByType(rg, zone, "A", { top: 3 }));
    same([all.length, count], [5, 2]);
  });
  await life.step("delete, twice", async () => {
    await client.recordSets.delete(rg, zone, "A", "www");
    await client.recordSets.delete(rg, zone, "A", "www");
    await refused(404, () => client.recordSets.get(rg, zone, "A", "www"));
  });
  await life.step("delete the zone", async () => {
    await client.privateZones.delete(rg, zone, polling);
    await refused(404, () => client.privateZones.get(rg, zone));
  });
  end();
}

main();
