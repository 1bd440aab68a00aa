import { type Clock, InterlockError } from "@interlock/bot";
import type { Chain } from "@interlock/bot/internal";
import { notInOwnName } from "../../routes/in-own-name.js";
import { clusterName, healthPath } from "../names.js";
import type { CertificateSlots } from "./certificate-slots.js";
import type { ExchangedToken, ShownToken } from "./exchanged-tokens.js";
import type { ProxiedCall } from "./proxied-call.js";
import type { ProxiedPeers } from "./proxied-peers.js";
import type { DoorMethod } from "./served-paths.js";

/** What lets a call pass, and how it goes on. */
export interface Passage {
  /** The name of the upstream cluster. */
  readonly cluster: string;
  /** The token for the bot; absent for a method that takes none. */
  readonly token: string | undefined;
}

/** What {@link createDecide} works with. */
export interface DecideOptions {
  readonly methods: ReadonlyMap<string, DoorMethod>;
  readonly peers: Pick<ProxiedPeers, "find">;
  readonly chain: Chain;
  readonly exchanged: (shown: ShownToken, service: string) => Promise<ExchangedToken>;
  readonly certificates: Pick<CertificateSlots, "current">;
  readonly clock: Clock;
  /** Whether calls without a token pass, in the gateway's own name. */
  readonly inOwnName: boolean;
}

/**
 * Makes the decision on a call that a proxy asks about: the peer, the method, the admission chain of the bots, the exchange of the
 * token. It throws or rejects with a denial.
 */
export function createDecide(options: DecideOptions) {
  const { methods, peers, chain, exchanged, certificates, clock, inOwnName } = options;
  return async function decide(call: ProxiedCall): Promise<Passage> {
    const connection = peers.find(call);
    const now = clock.now();
    const found = methods.get(call.path);
    if (!found) {
      await chain.count({ connection, now });
      throw new InterlockError("UNIMPLEMENTED", "The method does not exist behind this gateway.");
    }
    const { service, method } = found;
    const { authorization } = call;
    const admission = await chain({ service, method, connection, authorization, references: [], now });
    const { bearer } = admission;
    if (!bearer) {
      if (!inOwnName && call.path !== healthPath) throw notInOwnName();
      return { cluster: clusterName(service, certificates.current.slot), token: undefined };
    }
    const shown = { token: bearer.authorization.replace(/^Bearer /i, ""), reference: bearer.reference };
    const { token, slot } = await exchanged(shown, service);
    return { cluster: clusterName(service, slot.slot), token };
  };
}
