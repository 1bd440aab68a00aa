import { createTestCa } from "@interlock/bot/testing";
import { describeIssuer } from "./describe-issuer.js";
import { runsOidcProvider, startOidcProvider } from "./oidc-provider.js";
import { triedAlgorithms } from "./tried-issuer.js";

describe("tokens of oidc-provider", () => {
  before(function () {
    if (runsOidcProvider) return;
    process.stderr.write("  skipped: oidc-provider 9 needs a Node with URL.parse, such as 22\n");
    this.skip();
  });

  for (const algorithm of triedAlgorithms) {
    describeIssuer(algorithm, async () => {
      const ca = await createTestCa("fleet");
      return { ca, issuer: await startOidcProvider(algorithm, ca.der) };
    });
  }
});
