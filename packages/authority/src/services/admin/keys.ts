import type { TokenKey } from "@interlock/bot/protocol";
import type { Init } from "@interlock/policy";
import type { SigningKeyRow } from "../../store/schema.js";
import { keyState } from "../../tokens/key-schedule.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";
import { publish } from "./publish.js";

type Parts = Pick<AdminParts, "signer" | "hub" | "staleAfterMs" | "clock" | "log">;

/** Creates the handlers for token keys. */
export function keyHandlers(parts: Parts): AdminHandlers<"listTokenKeys" | "rotateTokenKey"> {
  const { signer, staleAfterMs, clock, log } = parts;

  function keyToWire(key: SigningKeyRow): Init<TokenKey> {
    const { kid, signsFrom, withdrawnAt } = key;
    return {
      kid,
      state: keyState(key, signer.keys, clock.now()),
      signsFrom: new Date(signsFrom),
      ...(withdrawnAt !== null && { withdrawnAt: new Date(withdrawnAt) }),
    };
  }

  return {
    async listTokenKeys() {
      await signer.refresh();
      return { keys: signer.keys.map(keyToWire) };
    },

    async rotateTokenKey({ leaked }, { caller }) {
      // A bot that has not received the key by then considers its own trust stale.
      const key = await signer.rotate({ leadMs: staleAfterMs, leaked, by: caller.spiffeId.uri });
      await publish(parts, leaked);
      log.warn("token key rotated", { kid: key.kid, leaked, by: caller.name });
      return { key: keyToWire(key) };
    },
  };
}
