import assert from "node:assert/strict";
import { createTestCa, type TestCa } from "@interlock/bot/testing";
import { describeIssuer } from "./describe-issuer.js";
import { findKeycloak, withoutKeycloak } from "./find-keycloak.js";
import { type RunningKeycloak, startKeycloak } from "./keycloak.js";
import { triedAlgorithms } from "./tried-issuer.js";

describe("tokens of Keycloak", function () {
  this.timeout(240_000);
  let ca: TestCa;
  let keycloak: RunningKeycloak | undefined;

  before(async function () {
    const home = findKeycloak();
    if (home === undefined) {
      process.stderr.write(`  skipped: ${withoutKeycloak}\n`);
      return this.skip();
    }
    ca = await createTestCa("fleet");
    keycloak = await startKeycloak(home, ca);
  });
  after(() => keycloak?.stop());

  for (const algorithm of triedAlgorithms) {
    describeIssuer(algorithm, async () => {
      const issuer = keycloak?.issuers.find((one) => one.algorithm === algorithm);
      assert.ok(issuer);
      return { issuer, ca };
    });
  }
});
