// A life of resources, told step by step: each step becomes one line on stdout, tab-separated (`life`, client, version,
// service, step, `ok` or `FAILED`, detail). The program ends with 1 when a step failed.
const { ClientSecretCredential } = require("@azure/identity");
const { randomUUID } = require("node:crypto");
const path = require("node:path");
const fs = require("node:fs");
const { execFileSync } = require("node:child_process");

const url = process.env.AZURE_EMULATOR_URL;
const subscription = process.env.AZURE_EMULATOR_SUBSCRIPTION ?? "11111111-1111-1111-1111-111111111111";

/** A client secret, exchanged at the emulator's own authority. */
function credential() {
  return new ClientSecretCredential("22222222-2222-2222-2222-222222222222", "foreign-client", "any secret", {
    authorityHost: url,
    disableInstanceDiscovery: true,
  });
}

/** What every management client takes. */
const options = { endpoint: url, credentialScopes: ["https://management.azure.com/.default"], retryOptions: { maxRetries: 0 } };

/** Polls as fast as the emulator answers. */
const polling = { updateIntervalInMs: 1, intervalInMs: 1 };

/** A resource group of this run's own. */
const group = () => `life-${randomUUID().slice(0, 8)}`;

class Life {
  static failed = false;

  constructor(client, service) {
    this.client = client;
    this.service = service;
    const manifest = path.join(process.env.NODE_PATH, client, "package.json");
    this.version = JSON.parse(fs.readFileSync(manifest, "utf8")).version;
  }

  /** Runs a step; gives what it gave, `undefined` when it failed. */
  async step(name, act) {
    try {
      const result = await act();
      this.tell(name, "ok", "");
      return result;
    } catch (error) {
      Life.failed = true;
      console.error(error);
      this.tell(name, "FAILED", `${error.name}: ${error.message}`);
      return undefined;
    }
  }

  tell(name, outcome, detail) {
    const short = detail.replaceAll(/\s+/g, " ").slice(0, 300);
    console.log(["life", this.client, this.version, this.service, name, outcome, short].join("\t"));
  }
}

/** An act that must be refused with a status; gives the error. */
async function refused(status, act) {
  try {
    await act();
  } catch (error) {
    if (error.statusCode !== status) throw new Error(`${error.statusCode} instead of ${status}: ${error.message}`);
    return error;
  }
  throw new Error(`went through, though ${status} was due`);
}

/** Equal, and said when not. */
function same(one, other) {
  if (JSON.stringify(one) !== JSON.stringify(other)) {
    throw new Error(`${JSON.stringify(one)} is not ${JSON.stringify(other)}`);
  }
}

/** All members of a paged list, and how many pages there were. */
async function pages(list) {
  const all = [];
  let count = 0;
  for await (const page of list.byPage()) {
    all.push(...page);
    count += 1;
  }
  return [all, count];
}

/** Lets Teal's own targets write into this resource group; what was asked of them. */
const written = (rg) => JSON.parse(execFileSync(process.env.TEAL_WRITER, [rg], { encoding: "utf8", timeout: 120_000 }));

/** Percent by name, of the weights of what is enabled, by name. */
function shares(weights) {
  const whole = weights.reduce((sum, [, weight]) => sum + weight, 0);
  return Object.fromEntries(weights.toSorted().map(([name, weight]) => [name, (weight * 100) / whole]));
}

/** Ends the program with its verdict. */
const end = () => process.exit(Life.failed ? 1 : 0);

module.exports = { Life, credential, end, group, options, pages, polling, refused, same, shares, subscription, written };
