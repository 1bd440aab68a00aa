import type { Clock } from "../base/clock.js";
import type { Membership } from "../membership.js";
import { overlayTrust } from "../providers/overlay-trust.js";
import type { IssuerProvider, ProvidedIdentity, ProviderContext } from "../providers/provider.js";
import { createTrust } from "../trust/trust.js";
import { withoutTrust } from "../trust/without-trust.js";
import { noTokens } from "./authority-tokens.js";

/** Opens a membership without an authority: the identity is provided, and {@link withIssuer} adds the tokens. */
export function openProvidedMembership({ identity, roots, contact }: ProvidedIdentity, clock: Clock): Membership {
  const nothing = createTrust(withoutTrust(identity.current().spiffeId.trustDomain), clock);
  const trust = overlayTrust(nothing, { roots }, clock);
  return { identity, identityContact: contact, trust, tokens: noTokens, leave: async () => trust.close() };
}

/** Opens an issuer, and gives the same membership with its tokens. Closes `base` when that fails. */
export async function withIssuer(
  base: Membership,
  provider: IssuerProvider,
  context: ProviderContext,
): Promise<Membership> {
  try {
    const issuer = await provider.open(context);
    const trust = overlayTrust(base.trust, { issuer }, context.clock);
    return {
      ...base,
      trust,
      tokens: issuer.tokens,
      async leave() {
        trust.close();
        issuer.close();
        await base.leave?.();
      },
    };
  } catch (error) {
    await base.leave?.();
    throw error;
  }
}
