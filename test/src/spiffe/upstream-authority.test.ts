import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { moveRootKey, startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { EchoService } from "@interlock/bot/testing";
import { fromWorkloadApi } from "@interlock/spiffe";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import { findSpire, type Spire, startSpire } from "@interlock/testing-spire";
import { readCommands } from "../console-block.js";
import { readBlocks } from "../markdown-blocks.js";
import { root } from "../structure/source-graph.js";

const grants = `grants:
  "*/*":
    ${EchoService.name}: [echo:call]
`;

// docs/spiffe.md, "SPIRE below Interlock's root".
describe("SPIRE below the root of an authority", function () {
  this.timeout(900_000); // SPIRE is built once.

  before(async function () {
    const programs = await findSpire();
    if (!("missing" in programs)) return;
    console.log(`skipped: ${programs.missing}`);
    this.skip();
  });

  it("makes members of what SPIRE attests, beside bots that have joined: calls both ways, and a lock that ends them", async () => {
    const blocks = readBlocks(await readFile(join(root, "docs/spiffe.md"), "utf8"));
    const folder = makeTemporaryFolder("upstream");
    const at = (name: string) => join(folder.path, name);
    const dataDir = at("authority");
    const authority = await startAuthority({ dataDir, trustDomain: "cafe", port: 0, log: silentLog });
    const bots: Bot[] = [];
    let spire: Spire | undefined;
    const serve = async (bot: Bot): Promise<string> => {
      const handlers = { async *count() {}, join: () => ({}), async *chat() {}, open: () => ({}), reset: () => ({}) };
      const echo = (request: object) => request;
      const { address } = await bot.serve({ port: 0 }, (routes) => routes.add(EchoService, { ...handlers, echo }));
      return address;
    };
    const enter = async (name: string): Promise<Bot> => {
      const joinToken = await authority.createJoinToken(name);
      const bot = await joinFleet({
        authority: authority.address,
        name,
        joinToken,
        stateDir: at(name),
        log: silentLog,
      });
      bots.push(bot);
      return bot;
    };
    try {
      await authority.applyGrants(grants);
      const admin = (await enter("operator/alice")).client(AdminService, authority.address);
      const rootKey = (await admin.listCas({})).cas.find(({ state }) => state === "active")?.rootKey ?? "";
      await moveRootKey({ dataDir, name: rootKey, out: at("root.pem") });
      const openssl = blocks.filter(({ language }) => language === "console").flatMap(({ text }) => readCommands(text));
      for (const { text } of openssl.filter(({ text }) => text.startsWith("openssl "))) {
        await promisify(execFile)("sh", ["-c", text], { cwd: folder.path });
      }
      const serverPlugins = blocks
        .find(({ language }) => language === "hcl")
        ?.text.replaceAll("/etc/spire/", `${folder.path}/`);

      spire = await startSpire({ trustDomain: "cafe", serverPlugins });
      await spire.register({ name: "gripper/1" });
      const attested = await joinFleet({
        identity: fromWorkloadApi({ endpoint: spire.endpoint }),
        authority: authority.address,
        stateDir: at("gripper"),
        log: silentLog,
      });
      bots.push(attested);
      assert.equal(attested.spiffeId.uri, "spiffe://cafe/gripper/1");
      assert.equal(attested.identity.current().chain.length, 2, "its leaf, and SPIRE's intermediate");
      assert.deepEqual(attested.trust.state.caCertificates, [authority.caCertificate]);
      assert.equal(attested.trust.isStale(), false);

      const joined = await enter("caller/1");
      const address = await serve(attested);
      const toAttested = joined.client(EchoService, address);
      assert.deepEqual(await toAttested.echo({ reason: "in" }), { reason: "in", domain: "", metadata: {} });
      const toJoined = attested.client(EchoService, await serve(joined));
      assert.equal((await toJoined.echo({ reason: "out" })).reason, "out");

      await authority.revoke({ kind: "identity", subject: "spiffe://cafe/gripper/1" }, "test");
      while (joined.trust.state.revocations.length === 0) {
        await new Promise((resolve) => joined.trust.onChange(resolve));
      }
      await assert.rejects(toJoined.echo({}), /revoked/i);
      await assert.rejects(toAttested.echo({}), /revoked/i);
    } finally {
      await Promise.all(bots.map((bot) => bot.close(0)));
      await spire?.stop();
      await authority.close();
      folder.remove();
    }
  });
});
