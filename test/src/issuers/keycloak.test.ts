import assert from "node:assert/strict";
import { describeIssuer } from "./describe-issuer.js";
import { findKeycloak, withoutKeycloak } from "./find-keycloak.js";
import { createFleet, type IssuerFleet } from "./fleet.js";
import { type RunningKeycloak, startKeycloak } from "./keycloak.js";
import { triedAlgorithms } from "./tried-issuer.js";

describe("tokens of Keycloak", function () {
  this.timeout(240_000);
  let fleet: IssuerFleet;
  let keycloak: RunningKeycloak | undefined;

  before(async function () {
    const home = findKeycloak();
    if (home === undefined) {
      process.stderr.write(`  skipped: ${withoutKeycloak}\n`);
      return this.skip();
    }
    fleet = await createFleet();
    keycloak = await startKeycloak(home, fleet);
  });
  after(() => keycloak?.stop());

  for (const algorithm of triedAlgorithms) {
    describeIssuer(algorithm, async () => {
      const issuer = keycloak?.issuers.find((one) => one.algorithm === algorithm);
      assert.ok(issuer);
      return { issuer, fleet };
    });
  }
});
