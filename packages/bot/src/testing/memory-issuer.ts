import { createObservable } from "../base/observable.js";
import type { IssuerProvider, IssuerTrust } from "../providers/provider.js";
import { createTestFleet } from "./test-fleet.js";

/** Creates an issuer of tokens in this process, which does not mind which CA has signed a bot's certificate. */
export async function createMemoryIssuer(): Promise<IssuerProvider> {
  const { token, trust } = await createTestFleet();
  const { issuer, jwks, staleAfterMs } = trust.state;
  return {
    async open() {
      return {
        trust: createObservable<IssuerTrust>({ issuer, jwks, staleAfterMs }),
        tokens: {
          authorization: async (audience, scopes, holder) => `Bearer ${await token(holder, audience, scopes)}`,
          forget() {},
        },
        heardAt: Date.now(),
        isStale: () => false,
        onStaleness: () => () => {},
        refetch: async () => {},
        close() {},
      };
    },
  };
}
