import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { moveRootKey, startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { EchoService } from "@interlock/bot/testing";
import { fromWorkloadApi } from "@interlock/spiffe";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import { findSpire, type Spire, startSpire } from "@interlock/testing-spire";

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
      const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir: at(name), log: silentLog });
      bots.push(bot);
      return bot;
    };
    try {
      await authority.applyGrants(grants);
      const admin = (await enter("operator/alice")).client(AdminService, authority.address);
      const rootKey = (await admin.listCas({})).cas.find(({ state }) => state === "active")?.rootKey ?? "";
      await moveRootKey({ dataDir, name: rootKey, out: at("root.pem") });
      const upstream = { certificate: at("root.crt"), key: at("root.key") };
      // openssl x509 -in root.pem -out root.crt; openssl pkey -in root.pem -out root.key
      const pem = await readFile(at("root.pem"), "utf8");
      const block = (kind: string) => new RegExp(`-+BEGIN ${kind}-+[^-]+-+END ${kind}-+\n`).exec(pem)?.[0] ?? "";
      await writeFile(upstream.certificate, block("CERTIFICATE"));
      await writeFile(upstream.key, block("PRIVATE KEY"), { mode: 0o600 });

      spire = await startSpire({ trustDomain: "cafe", upstream });
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
