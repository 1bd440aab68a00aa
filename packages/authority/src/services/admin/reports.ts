import { parseCertificate } from "@interlock/bot/internal";
import { matchesIdentity } from "@interlock/policy";
import { isOwnService } from "../../own-services.js";
import { fullNameOf } from "../../reports/find-endpoints.js";
import { checkPatterns } from "../../reports/find-servers.js";
import { mayServe } from "../../reports/may-serve.js";
import type { PageRequest } from "../../store/page.js";
import { readPage } from "../page.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";
import { nameOf } from "./selection.js";

type Parts = Pick<AdminParts, "store" | "hub" | "identity" | "staleAfterMs" | "signOfLife">;

/** Creates the handlers that report the state of the fleet and what it serves. */
export function reportHandlers({
  store,
  hub,
  identity,
  staleAfterMs,
  signOfLife,
}: Parts): AdminHandlers<"getStatus" | "findEndpoints"> {
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

    async findEndpoints({ service: asked, servedBy, pageToken }) {
      checkPatterns(servedBy);
      const service = await fullNameOf(store.endpoints, asked);
      const { trustDomain } = hub.trust.state;
      const patterns = hub.trust.state.revocations.filter(({ kind }) => kind === "pattern");
      const isRetired = hub.trust.methodRetired(`/${service}/*`);
      const isListed = (name: string) =>
        !isRetired &&
        mayServe(name, service, servedBy) &&
        !patterns.some(({ subject }) => matchesIdentity(subject, name));
      const since = isOwnService(service) ? 0 : signOfLife.since();
      const find = (request: PageRequest) => store.endpoints.find(service, request, since);
      const { items: endpoints, nextPageToken } = await readPage(pageToken, find, {
        key: [0, "", ""],
        keyOf: ({ reportedAt, address, spiffeId }) => [reportedAt, address, spiffeId],
        toItem: ({ spiffeId, address }) =>
          isListed(nameOf(spiffeId, trustDomain)) ? { spiffeId, service, address } : undefined,
      });
      return { endpoints, nextPageToken };
    },
  };
}
