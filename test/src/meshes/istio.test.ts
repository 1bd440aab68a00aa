import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { moveRootKey, startAuthority } from "@interlock/authority";
import { type Bot, fromFiles, InterlockError, joinFleet, silentLog } from "@interlock/bot";
import { certificatesFromPem, listOf, readDer, writeDer } from "@interlock/bot/internal";
import { createMemoryIssuer, EchoService, type Specimen } from "@interlock/bot/testing";
import { makeTemporaryFolder, type TemporaryFolder } from "@interlock/testing-processes";
import { parse } from "yaml";
import { readCommands } from "../console-block.js";
import { readBlocks } from "../markdown-blocks.js";
import { root } from "../structure/source-graph.js";
import { serveCallers } from "./echo-handlers.js";
import { type IstioFolder, istioFolder, istioIntermediate, istioLeaf, istioRoot } from "./istio-files.js";

const accounts = ["gripper", "caller"] as const;
const page = readFileSync(join(root, "docs/istio.md"), "utf8");
const idOf = (account: string) => `spiffe://cluster.local/ns/plant/sa/${account}`;

// docs/istio.md
describe("bots with the certificates of Istio's agent", () => {
  let temporary: TemporaryFolder;
  let folders: IstioFolder[];
  let bots: Bot[];

  beforeEach(() => {
    temporary = makeTemporaryFolder("istio");
    folders = accounts.map((account) => istioFolder(join(temporary.path, account)));
    bots = [];
  });
  afterEach(async () => {
    await Promise.all(bots.map((bot) => bot.close(0)));
    temporary.remove();
  });

  const writeAll = (ca: Specimen, above: readonly Specimen[], roots: readonly Specimen[]) =>
    Promise.all(folders.map((folder, i) => folder.write(istioLeaf(idOf(accounts[i] as string), ca), above, roots)));

  /** Starts both bots by the lines of the page. */
  async function start(): Promise<void> {
    const issuer = await createMemoryIssuer();
    for (const { path } of folders) {
      const files = filesOf(path);
      bots.push(await joinFleet({ identity: fromFiles({ ...files, pollMs: 20 }), issuer, log: silentLog }));
    }
  }

  /** Resolves once both bots use another certificate, and trust so many CAs. */
  async function taken(before: readonly string[], roots: number): Promise<void> {
    for (const [i, { identity, trust }] of bots.entries()) {
      while (identity.current().leaf.thumbprint === before[i]) await new Promise((done) => identity.onChange(done));
      while (trust.state.caCertificates.length !== roots) await new Promise((done) => trust.onChange(done));
    }
  }

  const thumbprints = () => bots.map(({ identity }) => identity.current().leaf.thumbprint);

  it("call each other through a renewal, and through a new CA from its first day to the last of the old one", async () => {
    const [first, second] = [istioRoot(), istioRoot()];
    await writeAll(first, [first], [first]);
    await start();
    const [gripper, caller] = bots as [Bot, Bot];
    const { address } = await serveCallers(gripper);
    const client = caller.client(EchoService, address, { server: "ns/plant/sa/gripper" });
    assert.equal((await client.echo({})).reason, idOf("caller"));

    const ending = new AbortController();
    const failures: string[] = [];
    let calls = 0;
    const calling = (async () => {
      while (!ending.signal.aborted && failures.length === 0) {
        await client.echo({}).then(
          () => calls++,
          (error) => failures.push(InterlockError.from(error).message),
        );
        await pause(1); // One bot may make 2,000 calls a second.
      }
    })();
    let next = 0;
    const watching = (async () => {
      for await (const { reason } of client.count({}, { signal: ending.signal })) assert.equal(Number(reason), next++);
    })().catch((error) => {
      if (!ending.signal.aborted) failures.push(InterlockError.from(error).message);
    });

    try {
      const steps: [Specimen, readonly Specimen[]][] = [
        [first, [first]],
        [first, [first, second]],
        [second, [first, second]],
        [second, [second]],
      ];
      for (const [ca, roots] of steps) {
        const before = thumbprints();
        await writeAll(ca, [ca], roots);
        await taken(before, roots.length);
        // A stream is moved to the new certificates by a call of its own; a CA that is withdrawn before ends what rests on it.
        const [callsThen, seenThen] = [calls, next];
        while (failures.length === 0 && (calls < callsThen + 20 || next < seenThen + 25)) await pause(5);
      }
    } finally {
      ending.abort();
      await Promise.all([calling, watching]);
    }
    assert.deepEqual(failures, []);
    assert.ok(calls >= 80 && next > 0);
  });

  it("may be below an intermediate of istiod's, with the root at the end of the chain", async () => {
    const top = istioRoot();
    const between = istioIntermediate(top);
    await writeAll(between, [between, top], [top]);
    await start();
    const [gripper, caller] = bots as [Bot, Bot];
    const { address } = await serveCallers(gripper);
    assert.equal((await caller.client(EchoService, address).echo({})).reason, idOf("caller"));
  });

  it("are members of an authority's fleet below an intermediate of its root, until they are revoked", async () => {
    const at = (name: string) => join(temporary.path, name);
    const dataDir = at("authority");
    const authority = await startAuthority({ dataDir, trustDomain: "plant", port: 0, log: silentLog });
    try {
      await authority.applyGrants(`grants: {"ns/plant/sa/caller": {${EchoService.name}: ["echo:call"]}}`);
      const rootKey = readdirSync(dataDir).find((name) => name.startsWith("ca-root-")) ?? "";
      await moveRootKey({ dataDir, name: rootKey, out: at("root.pem") });
      const commands = readBlocks(page).filter(({ language }) => language === "console");
      for (const { text } of commands.flatMap(({ text }) => readCommands(text))) {
        const [, rest] = /^interlock (ca sign .*)$/.exec(text) ?? [];
        const command = rest ? `"${process.execPath}" "${join(root, "packages/cli/bin/interlock.js")}" ${rest}` : text;
        await promisify(execFile)("sh", ["-c", command], { cwd: temporary.path });
      }
      const der = (name: string) => certificatesFromPem(readFileSync(at(name), "utf8"))[0] as Uint8Array;
      const key = createPrivateKey(readFileSync(at("ca-key.pem")));
      const above = { name: "", key, subject: subjectOf(der("ca-cert.pem")) };
      const [chain, roots] = [[{ der: der("ca-cert.pem") }], [{ der: der("root-cert.pem") }]];
      for (const [i, folder] of folders.entries()) {
        const leaf = istioLeaf(`spiffe://plant/ns/plant/sa/${accounts[i]}`, above);
        await folder.write(leaf, [...chain, ...roots], roots);
        const stateDir = at(`state-${i}`);
        const identity = fromFiles({ ...filesOf(folder.path), pollMs: 20 });
        bots.push(await joinFleet({ identity, authority: authority.address, stateDir, log: silentLog }));
      }
      const [gripper, caller] = bots as [Bot, Bot];
      const client = caller.client(EchoService, (await serveCallers(gripper)).address);
      assert.equal((await client.echo({})).reason, "spiffe://plant/ns/plant/sa/caller");
      await authority.revoke({ kind: "identity", subject: caller.spiffeId.uri }, "test");
      while (gripper.trust.state.revocations.length === 0) await new Promise((done) => gripper.trust.onChange(done));
      await assert.rejects(client.echo({}), /revoked/i);
    } finally {
      await authority.close();
    }
  });

  it("find their files where the annotations of the page have them written", () => {
    const blocks = readBlocks(page);
    const pods = blocks.filter(({ language }) => language === "yaml").map(({ text }) => parse(text));
    assert.equal(pods.length, 2);
    const named = blocks.filter(({ language }) => language === "ts").map(({ text }) => text);
    for (const [i, { annotations, volumeMounts }] of pods.entries()) {
      const config = parse(annotations["proxy.istio.io/config"] ?? "proxyMetadata: {}");
      const folder = config.proxyMetadata.OUTPUT_CERTS ?? "/var/lib/istio/data";
      assert.equal(volumeMounts[0].mountPath, folder);
      for (const path of Object.values(filesOf(folder))) assert.ok(named[i]?.includes(`"${path}"`), path);
    }
  });
});

function filesOf(folder: string) {
  const at = (name: string) => join(folder, name);
  return { certificate: at("cert-chain.pem"), key: at("key.pem"), ca: at("root-cert.pem") };
}

/** The subject of a certificate (RFC 5280, section 4.1), DER. */
function subjectOf(der: Uint8Array): Uint8Array {
  const subject = listOf(listOf(readDer(der))[0])[5];
  return writeDer(subject?.tag ?? 0, subject?.content ?? Buffer.of());
}
