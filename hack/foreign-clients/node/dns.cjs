// Azure DNS by @azure/arm-dns.
const { DnsManagementClient } = require("@azure/arm-dns");
const { Life, credential, end, group, options, pages, polling, refused, same, subscription } = require("./told.cjs");

const life = new Life("@azure/arm-dns", "Azure DNS");
const client = new DnsManagementClient(credential(), subscription, options);
const [rg, zone] = [group(), "node.example"];
const address = (ipv4Address, more = {}) => ({ ttl: 60, aRecords: [{ ipv4Address }], ...more });

async function main() {
  await life.step("create a zone", async () => {
    const made = await client.zones.createOrUpdate(rg, zone, { location: "global" });
    same([made.name, made.nameServers.length, made.numberOfRecordSets], [zone, 4, 2]);
  });
  await life.step("create", async () => {
    const body = address("192.0.2.1", { metadata: { owner: "node" } });
    const made = await client.recordSets.createOrUpdate(rg, zone, "www", "A", body, { ifNoneMatch: "*" });
    same([made.fqdn, made.metadata], [`www.${zone}.`, { owner: "node" }]);
    await refused(412, () => client.recordSets.createOrUpdate(rg, zone, "www", "A", body, { ifNoneMatch: "*" }));
  });
  await life.step("conditional update, stale etag: 412", async () => {
    const { etag: ifMatch } = await client.recordSets.get(rg, zone, "www", "A");
    await client.recordSets.createOrUpdate(rg, zone, "www", "A", address("192.0.2.2"), { ifMatch });
    await refused(412, () => client.recordSets.createOrUpdate(rg, zone, "www", "A", address("192.0.2.3"), { ifMatch }));
    await refused(412, () => client.recordSets.delete(rg, zone, "www", "A", { ifMatch }));
  });
  await life.step("merge", async () => {
    const merged = await client.recordSets.update(rg, zone, "www", "A", { metadata: { a: "b" } });
    same([merged.metadata, merged.aRecords[0].ipv4Address], [{ a: "b" }, "192.0.2.2"]);
  });
  await life.step("list with paging", async () => {
    for (let at = 0; at < 5; at += 1) {
      await client.recordSets.createOrUpdate(rg, zone, `h${at}`, "A", address("192.0.2.1"));
    }
    const [all, count] = await pages(client.recordSets.listByType(rg, zone, "A", { top: 4 }));
    same([all.length, count], [6, 2]);
    const [zones] = await pages(client.zones.listByResourceGroup(rg));
    same(zones.map((one) => one.name), [zone]);
  });
  await life.step("delete, twice, and read what is not there", async () => {
    await client.recordSets.delete(rg, zone, "www", "A");
    await client.recordSets.delete(rg, zone, "www", "A");
    const error = await refused(404, () => client.recordSets.get(rg, zone, "www", "A"));
    same(error.code, "NotFound");
  });
  await life.step("delete the zone", async () => {
    await client.zones.beginDeleteAndWait(rg, zone, polling);
    await refused(404, () => client.zones.get(rg, zone));
  });
  end();
}

main();
