// What Teal's targets wrote, read back by Microsoft's clients.
const { CdnManagementClient } = require("@azure/arm-cdn");
const { DnsManagementClient } = require("@azure/arm-dns");
const { PrivateDnsManagementClient } = require("@azure/arm-privatedns");
const { TrafficManagerManagementClient } = require("@azure/arm-trafficmanager");
const { Life, credential, end, group, options, same, shares, subscription, written } = require("./told.cjs");

const rg = group();
const teal = written(rg);
const client = (Kind) => new Kind(credential(), subscription, options);
const step = (name, service, act) => new Life(name, service).step("read what Teal wrote", act);

/** A record set as every service of DNS tells it. */
function compare(found, want) {
  same(found.aRecords.map((one) => one.ipv4Address), want.addresses);
  same([found.ttl, Object.entries(found.metadata).toSorted()], [want.ttl, Object.entries(want.metadata).toSorted()]);
}

async function main() {
  await step("@azure/arm-cdn", "Front Door", async () => {
    const [want, cdn] = [teal.frontDoor, client(CdnManagementClient)];
    const route = await cdn.routes.get(rg, want.profile, want.endpoint, want.route);
    same(route.originGroup.id.split("/").at(-1), want.originGroup);
    const weights = [];
    for await (const one of cdn.afdOrigins.listByOriginGroup(rg, want.profile, want.group)) {
      if (one.enabledState === "Enabled") weights.push([one.name, one.weight]);
    }
    same(shares(weights), want.shares);
  });
  await step("@azure/arm-dns", "Azure DNS", async () => {
    const want = teal.dns;
    compare(await client(DnsManagementClient).recordSets.get(rg, want.zone, want.record, "A"), want);
  });
  await step("@azure/arm-privatedns", "Azure Private DNS", async () => {
    const want = teal.privateDns;
    compare(await client(PrivateDnsManagementClient).recordSets.get(rg, want.zone, "A", want.record), want);
  });
  await step("@azure/arm-trafficmanager", "Traffic Manager", async () => {
    const want = teal.trafficManager;
    const found = await client(TrafficManagerManagementClient).profiles.get(rg, want.profile);
    same(found.trafficRoutingMethod, "Weighted");
    const enabled = found.endpoints.filter((one) => one.endpointStatus === "Enabled");
    same(shares(enabled.map((one) => [one.name, one.weight])), want.shares);
  });
  end();
}

main();
