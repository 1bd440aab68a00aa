import { createObservable } from "../base/observable.js";
import type { Identity } from "../identity/identity.js";
import type { IssuerProvider, IssuerTrust } from "../providers/provider.js";
import { createTestFleet } from "./test-fleet.js";

/** Creates an issuer of tokens in this process, which does not mind which CA has signed a bot's certificate. */
export async function createMemoryIssuer(): Promise<IssuerProvider> {
  const { token, trust } = await createTestFleet();
  const { issuer, jwks, staleAfterMs } = trust.state;
  // One for each certificate, service and scopes, as a bot keeps them: it is for tests of less than its five minutes.
  const tokens = new WeakMap<Identity, Map<string, Promise<string>>>();
  const tokenOf = (audience: string, scopes: readonly string[], holder: Identity): Promise<string> => {
    const held = tokens.get(holder) ?? new Map<string, Promise<string>>();
    tokens.set(holder, held);
    const key = `${audience} ${scopes.join(" ")}`;
    const made = held.get(key) ?? token(holder, audience, scopes);
    held.set(key, made);
    return made;
  };
  return {
    async open() {
      return {
        trust: createObservable<IssuerTrust>({ issuer, jwks, staleAfterMs }),
        tokens: {
          authorization: async (audience, scopes, holder) => `Bearer ${await tokenOf(audience, scopes, holder)}`,
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
