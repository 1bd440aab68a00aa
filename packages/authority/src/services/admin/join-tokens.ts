import type { Caller } from "@interlock/bot";
import { caDigest, denial } from "@interlock/bot/internal";
import { createJoinToken } from "../../join-tokens/create-join-token.js";
import { deleteJoinToken } from "../../join-tokens/delete-join-token.js";
import { isOperatorName, isViewerName } from "../../names.js";
import { readPage } from "../page.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";

type Parts = Pick<AdminParts, "store" | "ca" | "clock" | "log" | "own" | "addresses">;
type Names = "createJoinToken" | "listJoinTokens" | "deleteJoinToken";

/** Creates the handlers for join tokens. */
export function joinTokenHandlers({ store, ca, clock, log, own, addresses }: Parts): AdminHandlers<Names> {
  return {
    async createJoinToken({ name, ttlSeconds, uses }, { caller }) {
      refuseMakingOperators(name, caller);
      const { joinToken, id, expiresAt, inUseUntil } = await createJoinToken({
        store,
        trustDomain: own().trustDomain,
        caDigest: caDigest(ca.pinned),
        name,
        uses: uses === 0 ? undefined : uses,
        ttlMs: ttlSeconds === 0 ? undefined : ttlSeconds * 1_000,
        now: clock.now(),
        by: caller.spiffeId.uri,
      });
      log.info("join token created", { id, name, by: caller.name });
      return {
        joinToken,
        id,
        expiresAt: new Date(expiresAt),
        authorities: [...(await addresses())],
        inUseUntil: inUseUntil === undefined ? undefined : new Date(inUseUntil),
      };
    },

    async listJoinTokens({ pageToken }) {
      const { items: joinTokens, nextPageToken } = await readPage(pageToken, store.joinTokens.page, {
        key: [0, ""],
        keyOf: ({ createdAt, id }) => [createdAt, id],
        toItem: ({ id, name, createdAt, expiresAt, uses, used }) => {
          return { id, name, createdAt: new Date(createdAt), expiresAt: new Date(expiresAt), uses, used };
        },
      });
      return { joinTokens, nextPageToken };
    },

    async deleteJoinToken({ id }, { caller }) {
      await deleteJoinToken(store, id, clock.now(), caller.spiffeId.uri);
      log.info("join token deleted", { id, by: caller.name });
      return {};
    },
  };
}

// Operators and viewers hold scopes by their names alone. So a bot that may invite others must not be able to invite one.
function refuseMakingOperators(name: string, caller: Caller): void {
  if ((isOperatorName(name) || isViewerName(name)) && !isOperatorName(caller.name)) {
    throw denial("CALLER_NOT_ALLOWED", "only an operator can invite an operator or a viewer", { needed: "operator/*" });
  }
}
