// Front Door Standard and Premium by @azure/arm-cdn.
const { CdnManagementClient } = require("@azure/arm-cdn");
const { Life, credential, end, group, options, pages, polling, refused, same, subscription } = require("./told.cjs");

const life = new Life("@azure/arm-cdn", "Front Door");
const client = new CdnManagementClient(credential(), subscription, options);
const [rg, name] = [group(), "life"];
const profile = `/subscriptions/${subscription}/resourceGroups/${rg}/providers/Microsoft.Cdn/profiles/${name}`;
const to = (color) => ({ originGroup: { id: `${profile}/originGroups/${color}` } });

async function main() {
  await life.step("create a profile, an endpoint, groups, origins, a route", async () => {
    const sku = { name: "Standard_AzureFrontDoor" };
    const made = await client.profiles.beginCreateAndWait(rg, name, { location: "global", sku }, polling);
    same([made.name, made.provisioningState], [name, "Succeeded"]);
    await client.afdEndpoints.beginCreateAndWait(rg, name, "web", { location: "global" }, polling);
    for (const color of ["blue", "green"]) {
      const loadBalancingSettings = { sampleSize: 4, successfulSamplesRequired: 3, additionalLatencyInMilliseconds: 50 };
      await client.afdOriginGroups.beginCreateAndWait(rg, name, color, { loadBalancingSettings }, polling);
      const origin = { hostName: `${color}.example`, weight: 100, priority: 1 };
      const one = await client.afdOrigins.beginCreateAndWait(rg, name, color, "one", origin, polling);
      same([one.provisioningState, one.deploymentStatus], ["Succeeded", "NotStarted"]);
    }
    const route = { ...to("blue"), linkToDefaultDomain: "Enabled", patternsToMatch: ["/*"], supportedProtocols: ["Http", "Https"] };
    await client.routes.beginCreateAndWait(rg, name, "web", "all", route, polling);
  });
  await life.step("the whole flip in one change", async () => {
    const changed = await client.routes.beginUpdateAndWait(rg, name, "web", "all", to("green"), polling);
    same(changed.originGroup.id.endsWith("/green"), true);
  });
  await life.step("the last enabled origin stays", async () => {
    const off = { enabledState: "Disabled" };
    await refused(400, () => client.afdOrigins.beginUpdateAndWait(rg, name, "green", "one", off, polling));
    const resting = await client.afdOrigins.beginUpdateAndWait(rg, name, "blue", "one", off, polling);
    same(resting.enabledState, "Disabled");
  });
  await life.step("purge, lists", async () => {
    await client.afdEndpoints.beginPurgeContentAndWait(rg, name, "web", { contentPaths: ["/*"] }, polling);
    const [groups] = await pages(client.afdOriginGroups.listByProfile(rg, name));
    same(groups.map((one) => one.name), ["blue", "green"]);
  });
  await life.step("delete, twice, and read what is not there", async () => {
    await client.routes.beginDeleteAndWait(rg, name, "web", "all", polling);
    await client.afdOriginGroups.beginDeleteAndWait(rg, name, "green", polling);
    await client.afdOriginGroups.beginDeleteAndWait(rg, name, "green", polling);
    await refused(404, () => client.afdOriginGroups.get(rg, name, "green"));
    await client.profiles.beginDeleteAndWait(rg, name, polling);
    await refused(404, () => client.profiles.get(rg, name));
  });
  end();
}

main();
