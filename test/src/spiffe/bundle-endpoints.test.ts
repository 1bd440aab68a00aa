import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { startAuthority } from "@interlock/authority";
import { certificatesToPem, joinFleet, silentLog } from "@interlock/bot";
import { AdminService, BundleProfile } from "@interlock/bot/protocol";
import { freePort, makeTemporaryFolder } from "@interlock/testing-processes";
import { findSpire, type Spire, startSpire } from "@interlock/testing-spire";

const partner = "partner.example";

// docs/federation.md, "Bundle endpoints".
describe("the bundle endpoints of an authority and of SPIRE", function () {
  this.timeout(900_000); // SPIRE is built once.

  before(async function () {
    const programs = await findSpire();
    if (!("missing" in programs)) return;
    console.log(`skipped: ${programs.missing}`);
    this.skip();
  });

  it("take each other's bundle by https_spiffe, and follow each other's change of CA", async () => {
    const folder = makeTemporaryFolder("endpoints");
    const at = (name: string) => join(folder.path, name);
    const authority = await startAuthority({
      dataDir: at("authority"),
      trustDomain: "cafe",
      port: 0,
      https: { port: 0 },
      log: silentLog,
    });
    const name = "operator/alice";
    const joinToken = await authority.createJoinToken(name);
    const operator = await joinFleet({
      authority: authority.address,
      name,
      joinToken,
      stateDir: at("operator"),
      log: silentLog,
    });
    let spire: Spire | undefined;
    try {
      const admin = operator.client(AdminService, authority.address);
      const bundlePort = await freePort();
      const spiffeId = "spiffe://cafe/interlock/authority";
      const url = `${authority.issuer}/bundle`;
      spire = await startSpire({
        trustDomain: partner,
        bundlePort,
        federatesWith: { trustDomain: "cafe", url, spiffeId },
      });

      // SPIRE's bundle, here.
      await admin.addFederation({
        trustDomain: partner,
        endpoint: {
          url: `https://127.0.0.1:${bundlePort}/`,
          profile: BundleProfile.BUNDLE_PROFILE_HTTPS_SPIFFE,
          spiffeId: `spiffe://${partner}/spire/server`,
        },
        bundle: await spire.command("bundle", "show", "-format", "spiffe"),
        identities: [`spiffe://${partner}/**`],
      });
      const fetched = async () =>
        (await admin.refreshFederation({ trustDomain: partner })).federation?.caCertificates ?? [];
      const [first] = await fetched();
      const { prepared, active } = await spire.prepareCa();
      const both = await fetched();
      assert.equal(both.length, 2);
      await spire.activateCa(prepared);
      await spire.taintCa(active); // Its own certificate, too, is below the new CA then.
      await spire.revokeCa(active);
      const left = await fetched();
      assert.equal(left.length, 1);
      assert.notDeepEqual(left[0], first);
      assert.ok(both.some((der) => Buffer.compare(der, left[0] as Uint8Array) === 0));

      // The bundle of the authority, there.
      const cafe = at("cafe.json");
      await writeFile(cafe, await get(url, authority.caCertificate));
      await spire.command("bundle", "set", "-format", "spiffe", "-id", "spiffe://cafe", "-path", cafe);
      await admin.prepareCa({});
      let keys: readonly unknown[] = [];
      for (const limit = Date.now() + 30_000; keys.length < 2 && Date.now() < limit; await sleep(200)) {
        await spire.command("federation", "refresh", "-id", "spiffe://cafe");
        keys = JSON.parse(await spire.command("bundle", "list", "-id", "spiffe://cafe", "-format", "spiffe")).keys;
      }
      assert.equal(keys.length, 2);
    } finally {
      await operator.close(0);
      await spire?.stop();
      await authority.close();
      folder.remove();
    }
  });
});

async function get(url: string, ca: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    request(url, { ca: certificatesToPem([ca]) }, (response) => text(response).then(resolve, reject))
      .on("error", reject)
      .end();
  });
}
