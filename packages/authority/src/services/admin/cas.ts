import type { Caller } from "@interlock/bot";
import { caId } from "../../ca/ca-keys.js";
import { caStatuses } from "../../ca/ca-status.js";
import { importIntermediate, requestIntermediate } from "../../ca/import-ca.js";
import { activateCa, prepareCa, withdrawCa } from "../../ca/rotate-ca.js";
import { refuseLikeFederated } from "../../federation/refuse-like-federated.js";
import type { CaCertificateRow } from "../../store/schema.js";
import { caToWire } from "../to-wire.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";
import { publish } from "./publish.js";

type Parts = Pick<AdminParts, "caBasis" | "hub" | "staleAfterMs" | "log">;
type Names = "listCas" | "prepareCa" | "activateCa" | "withdrawCa" | "requestIntermediate" | "importIntermediate";

/** Creates the handlers for the CA. */
export function caHandlers(parts: Parts): AdminHandlers<Names> {
  const { caBasis, staleAfterMs, log } = parts;

  /** Changes the CA, sends the change to every bot, and returns the new state of the root. */
  async function changeCa(done: string, caller: Caller, change: (by: string) => Promise<CaCertificateRow>) {
    const { digest } = await change(caller.spiffeId.uri);
    await publish(parts);
    log.warn(`CA ${done}`, { id: caId(digest), by: caller.name });
    const status = (await caStatuses(caBasis)).find(({ root }) => root.digest === digest);
    return status ? { id: caId(digest), ca: caToWire(status) } : { id: caId(digest) };
  }

  return {
    async listCas() {
      return { cas: (await caStatuses(caBasis)).map(caToWire) };
    },

    prepareCa: (_request, { caller }) => changeCa("prepared", caller, (by) => prepareCa(caBasis, by)),

    activateCa: ({ id, force }, { caller }) =>
      changeCa("activated", caller, (by) => activateCa(caBasis, { id, force, by }, staleAfterMs)),

    async withdrawCa({ id, force }, { caller }) {
      const { root, forgetKeys } = await withdrawCa(caBasis, { id, force, by: caller.spiffeId.uri });
      await publish(parts, true); // The caller's own connection may depend on that root.
      setImmediate(() => forgetKeys().catch((error) => log.error("CA keys not removed", { error: String(error) })));
      log.warn("CA withdrawn", { id: caId(root.digest), by: caller.name });
      return { id: caId(root.digest) };
    },

    async requestIntermediate(_request, { caller }) {
      const csr = await requestIntermediate(caBasis);
      log.info("intermediate requested", { by: caller.name });
      return { csr };
    },

    importIntermediate: ({ chain, privateKey }, { caller }) =>
      changeCa("imported", caller, (by) => {
        const check = refuseLikeFederated;
        return importIntermediate(caBasis, { chainPem: chain, privateKeyPem: privateKey, by, check });
      }),
  };
}
