import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificatesToPem, type Identity, InterlockError, silentLog, systemClock } from "@interlock/bot";
import type { ServerKeyPair } from "@interlock/bot/internal";
import { ecKey, rsaKey, type SpecimenOptions, specimen, svidExtensions, utcTime } from "@interlock/bot/testing";
import { ask } from "../testing/ask.js";
import { type ForeignCa, foreignCa } from "../testing/foreign-ca.js";
import { startTestAuthority } from "../testing/test-authority.js";
import { openCertificateFiles } from "./certificate-files.js";

describe("openCertificateFiles", () => {
  let folder: string;
  let ca: ForeignCa;
  let files: { certFile: string; keyFile: string };
  const issue = () => ca.issue("spiffe://web/auth", ["localhost"]);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-certificate-"));
    ca = await foreignCa("web");
    files = { certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key") };
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function write({ chain, privateKey }: ServerKeyPair): Promise<void> {
    await writeFile(files.certFile, certificatesToPem(chain));
    await writeFile(files.keyFile, privateKey);
  }

  function pair(more: Partial<SpecimenOptions> = {}): ServerKeyPair {
    const { privateKey, der } = specimen({ extensions: svidExtensions("spiffe://web/auth"), ...more });
    return { privateKey, chain: [der] };
  }

  it("takes over a new pair, and keeps the last one while there is no sound one", async () => {
    const [first, second] = (await Promise.all([issue(), issue()])) as [Identity, Identity];
    await write(first);
    const opened = await openCertificateFiles(files, silentLog, systemClock);
    const told: ServerKeyPair[] = [];
    opened.onChange((next) => told.push(next));
    await opened.reread();
    assert.equal(told.length, 0, "nothing has changed");
    const unsound = [
      () => writeFile(files.certFile, certificatesToPem(second.chain)), // Its key is still to be written.
      () => writeFile(files.certFile, "-----BEGIN CERTIFICATE-----\nMII"),
      () => rm(files.certFile),
      () => write(pair({ key: rsaKey(512) })),
      () => write(pair({ key: rsaKey(1_024) })),
      () => write(pair({ key: ecKey("prime192v1") })),
      () => write(pair({ hash: "sha1" })),
      () => write(pair({ notAfter: utcTime(Date.now() - 1_000) })),
      () => write(pair({ notBefore: utcTime(Date.now() + 60_000) })),
    ];
    await write(pair());
    await opened.reread();
    assert.equal(told.length, 1, "the same, made properly");
    await write(first);
    await opened.reread();
    told.length = 0;
    for (const spoil of unsound) {
      await spoil();
      await opened.reread();
      assert.equal(opened.current().privateKey, first.privateKey);
    }
    await write(second);
    await opened.reread();
    assert.deepEqual([told.length, opened.current().privateKey], [1, second.privateKey]);
  });

  it("refuses what is missing, or does not belong together", async () => {
    const refused = (error: unknown) => error instanceof InterlockError && error.code === "FAILED_PRECONDITION";
    await assert.rejects(openCertificateFiles(files, silentLog, systemClock), refused);
    await write({ chain: (await issue()).chain, privateKey: (await issue()).privateKey });
    await assert.rejects(openCertificateFiles(files, silentLog, systemClock), refused);
  });

  it("is shown to clients, who are believed by the fleet's CA all the same", async () => {
    await write(await issue());
    const fleet = await startTestAuthority({ https: { port: 0, certificate: files } });
    const web = certificatesToPem([ca.certificate]);
    assert.equal((await ask(fleet.authority, "/jwks", { ca: web })).status, 200);
    await assert.rejects(ask(fleet.authority, "/jwks"), "the fleet's CA has not signed it");
    const script = await fleet.bot("script/1");
    await fleet.authority.applyGrants('grants: {"script/*": {a.B: ["a:b"]}}');
    const identity = script.identity.current();
    const form = {
      grant_type: "client_credentials",
      client_id: script.spiffeId.uri,
      scope: "a:b",
      audience: "a.B",
    };
    assert.equal((await ask(fleet.authority, "/token", { ca: web, identity, form })).status, 200);
    const stranger = await ca.issue(script.spiffeId.uri.replace("cafe", "web"));
    await assert.rejects(ask(fleet.authority, "/token", { ca: web, identity: stranger, form }));
    await fleet.close();
  });
});
