import type { Clock, Implementation, Log } from "@interlock/bot";
import type { AuthorityService } from "@interlock/bot/protocol";
import { delegate } from "../delegations/delegate.js";
import { revokeDelegation } from "../delegations/revoke-delegation.js";
import { refuseRetired } from "../enrollment/retire.js";
import type { GrantStore } from "../grants/grant-store.js";
import type { Store } from "../store/store.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import { readPage } from "./page.js";
import { delegationToWire } from "./to-wire.js";

/** What the handlers for delegations work with. */
export interface DelegationHandlerParts {
  readonly store: Store;
  readonly grants: Pick<GrantStore, "current">;
  readonly hub: TrustHub;
  readonly clock: Clock;
  readonly log: Log;
}

type Names = "delegate" | "revokeDelegation" | "listOwnDelegations";

/** Creates the handlers with which bots give a part of what they hold to others, and take it back. */
export function delegationHandlers({
  store,
  grants,
  hub,
  clock,
  log,
}: DelegationHandlerParts): Pick<Implementation<typeof AuthorityService>, Names> {
  return {
    async delegate(request, { caller }) {
      await refuseRetired(store, caller.name);
      const row = await delegate({ store, grants: grants.current() }, caller.spiffeId, request, clock.now());
      log.info("delegated", { id: row.id, for: row.subject, from: row.giver, to: row.holder });
      return { delegation: delegationToWire(row, caller.spiffeId.trustDomain, hub.trust.tokenRevoked) };
    },

    async revokeDelegation({ id }, { caller }) {
      const { trustVersion } = await revokeDelegation({ store, hub }, caller.spiffeId, id, clock.now());
      log.warn("delegation revoked", { id, by: caller.name });
      return { trustVersion: BigInt(trustVersion) };
    },

    async listOwnDelegations({ pageToken }, { caller }) {
      const now = clock.now();
      const page = (request: Parameters<Store["delegations"]["page"]>[0]) =>
        store.delegations.page(request, now, caller.name);
      const { items: delegations, nextPageToken } = await readPage(pageToken, page, {
        key: [0, ""],
        keyOf: ({ createdAt, id }) => [createdAt, id],
        toItem: (row) => delegationToWire(row, caller.spiffeId.trustDomain, hub.trust.tokenRevoked),
      });
      return { delegations, nextPageToken };
    },
  };
}
