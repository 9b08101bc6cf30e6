// Traffic Manager by @azure/arm-trafficmanager.
const { TrafficManagerManagementClient } = require("@azure/arm-trafficmanager");
const { Life, credential, end, group, options, pages, refused, same, subscription } = require("./told.cjs");

const life = new Life("@azure/arm-trafficmanager", "Traffic Manager");
const client = new TrafficManagerManagementClient(credential(), subscription, options);
const [rg, name] = [group(), "life"];
const type = "Microsoft.Network/trafficManagerProfiles/externalEndpoints";
const endpoint = (color, more) => ({ name: color, type, target: `${color}.example`, ...more });
const profile = (endpoints) => ({
  location: "global",
  trafficRoutingMethod: "Priority",
  dnsConfig: { relativeName: rg, ttl: 0 },
  monitorConfig: { protocol: "HTTP", port: 80, path: "/" },
  endpoints,
});

async function main() {
  await life.step("create", async () => {
    const both = [endpoint("blue", { priority: 1 }), endpoint("green", { priority: 2 })];
    const made = await client.profiles.createOrUpdate(rg, name, profile(both));
    same([made.dnsConfig.fqdn, made.endpoints.length], [`${rg}.trafficmanager.net`, 2]);
  });
  await life.step("both priorities in one write; one by one they collide", async () => {
    await refused(400, () => client.endpoints.update(rg, name, "ExternalEndpoints", "blue", { priority: 2 }));
    const swapped = [endpoint("blue", { priority: 2 }), endpoint("green", { priority: 1 })];
    const made = await client.profiles.update(rg, name, { endpoints: swapped });
    same(made.endpoints.map((one) => [one.name, one.priority]), [["blue", 2], ["green", 1]]);
  });
  await life.step("one endpoint: create, change, delete", async () => {
    const made = await client.endpoints.createOrUpdate(rg, name, "ExternalEndpoints", "third", endpoint("third", {}));
    same(made.priority, 3);
    const changed = await client.endpoints.update(rg, name, "ExternalEndpoints", "third", { weight: 7 });
    same([changed.weight, changed.target], [7, "third.example"]);
    await client.endpoints.delete(rg, name, "ExternalEndpoints", "third");
  });
  await life.step("lists, is a name free", async () => {
    const [all] = await pages(client.profiles.listByResourceGroup(rg));
    same(all.map((one) => one.name), [name]);
    const asked = { name: rg, type: "microsoft.network/trafficmanagerprofiles" };
    same((await client.profiles.checkTrafficManagerRelativeDnsNameAvailability(asked)).nameAvailable, false);
  });
  await life.step("delete, twice, and read what is not there", async () => {
    await client.profiles.delete(rg, name);
    await client.profiles.delete(rg, name);
    await refused(404, () => client.profiles.get(rg, name));
  });
  end();
}

main();
