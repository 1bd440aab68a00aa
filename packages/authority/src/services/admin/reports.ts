import { parseCertificate } from "@interlock/bot/internal";
import { matchesIdentity, parseSpiffeId } from "@interlock/policy";
import { findEndpoints } from "../../reports/find-endpoints.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";

/** The maximum number of listed usage rows. */
const maximumListedUsage = 10_000;

type Parts = Pick<AdminParts, "store" | "hub" | "identity" | "staleAfterMs">;

/** Creates the handlers that report the state of the fleet, what it serves, and what is used. */
export function reportHandlers({
  store,
  hub,
  identity,
  staleAfterMs,
}: Parts): AdminHandlers<"getStatus" | "findEndpoints" | "listUsage"> {
  return {
    async getStatus() {
      const { trustDomain, version, caCertificates, revocations } = hub.trust.state;
      const bots = (await store.bots.list()).filter(({ retiredAt }) => retiredAt === null).length;
      const caExpiresAt = Math.min(...caCertificates.map((der) => parseCertificate(der).notAfter));
      return {
        trustDomain,
        trustVersion: version,
        staleAfterSeconds: Math.ceil(staleAfterMs / 1_000),
        caExpiresAt: new Date(caExpiresAt),
        certificateExpiresAt: new Date(identity.current().leaf.notAfter),
        bots,
        botsConnected: hub.watchers,
        revocations: revocations.length,
      };
    },

    async findEndpoints({ service }) {
      const patterns = hub.trust.state.revocations.filter(({ kind }) => kind === "pattern");
      const nameOf = (uri: string) => parseSpiffeId(uri)?.name ?? "";
      const endpoints = (await findEndpoints(store.endpoints, service)).filter(
        ({ spiffeId }) => !patterns.some(({ subject }) => matchesIdentity(subject, nameOf(spiffeId))),
      );
      return { endpoints: endpoints.map(({ spiffeId, service, address }) => ({ spiffeId, service, address })) };
    },

    async listUsage() {
      const rows = await store.usage.list(maximumListedUsage);
      return { usage: rows.map((row) => ({ ...row, count: BigInt(row.count), lastAt: new Date(row.lastAt) })) };
    },
  };
}
