import type { Clock } from "../base/clock.js";
import { createListeners } from "../base/subscription.js";
import { createCooledDown } from "../trust/cooled-down.js";
import { createTrust, refetchCoolDownMs, type Trust, type TrustState } from "../trust/trust.js";
import type { ProvidedIdentity, ProvidedIssuer } from "./provider.js";

/** The parts of the trust that are provided in place of the authority's. */
export interface TrustOverlay {
  readonly roots?: ProvidedIdentity["roots"] | undefined;
  readonly issuer?: ProvidedIssuer | undefined;
}

/** Creates a trust with provided parts over `base`. It is as current as each part, and stale when one of them is. */
export function overlayTrust(base: Trust, { roots, issuer }: TrustOverlay, clock: Clock): Trust & { close(): void } {
  const trust = createTrust(merged(), clock);
  const staleness = createListeners<boolean>();
  const isStale = () => base.isStale() || (issuer?.isStale() ?? false);
  let told = isStale();
  let listening: (() => void)[] = [];
  const ask = issuer && createCooledDown(refetchCoolDownMs, clock, issuer.refetch);

  function merged(): TrustState {
    const { state } = base;
    const caCertificates = roots?.current() ?? state.caCertificates;
    const own: TrustState = { ...state, caCertificates };
    const held = issuer?.trust.current();
    if (!held) return own;
    const staleAfterMs = Math.min(state.staleAfterMs, held.staleAfterMs);
    // Cut-offs concern the authority's own tokens, and its former names are not names of this issuer.
    // Bots of federated trust domains need a token of the authority: no other issuer speaks for them.
    return { ...own, ...held, formerIssuers: [], cutOffs: [], federated: [], staleAfterMs };
  }

  function tell(): void {
    const stale = isStale();
    if (stale === told) return;
    told = stale;
    staleness.tell(stale);
  }

  const replace = () => trust.replace(merged());
  const unsubscribe = [base.onChange(replace), roots?.onChange(replace), issuer?.trust.onChange(replace)];
  return {
    get state() {
      return trust.state;
    },
    get heardAt() {
      return Math.min(base.heardAt, issuer?.heardAt ?? Number.POSITIVE_INFINITY);
    },
    peerRevoked: trust.peerRevoked,
    identityRevoked: trust.identityRevoked,
    federatedDomain: trust.federatedDomain,
    tokenRevoked: trust.tokenRevoked,
    tokenOutdated: trust.tokenOutdated,
    methodRetired: trust.methodRetired,
    refetch: ask ?? base.refetch,
    isStale,
    onStaleness(listener) {
      if (listening.length === 0) listening = [base.onStaleness(tell), issuer?.onStaleness(tell) ?? (() => {})];
      told = isStale();
      return staleness.add(listener);
    },
    onChange: trust.onChange,
    close() {
      for (const end of [...unsubscribe, ...listening]) end?.();
    },
  };
}
