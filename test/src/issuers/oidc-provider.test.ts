import { describeIssuer } from "./describe-issuer.js";
import { createFleet } from "./fleet.js";
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
      const fleet = await createFleet();
      return { fleet, issuer: await startOidcProvider(algorithm, fleet) };
    });
  }
});
