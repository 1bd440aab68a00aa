import { parseCertificate } from "@interlock/bot/internal";
import { matchesIdentity, parseSpiffeId } from "@interlock/policy";
import { fullNameOf } from "../../reports/find-endpoints.js";
import { mayServe } from "../../reports/may-serve.js";
import type { PageRequest } from "../../store/page.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";
import { invalid } from "./invalid.js";
import { readPage } from "./page.js";

/** The maximum number of patterns in `served_by` of one request. */
const maximumPatterns = 64;

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

    async findEndpoints({ service: asked, servedBy, pageToken }) {
      if (servedBy.length > maximumPatterns) throw invalid(`Give at most ${maximumPatterns} patterns in served_by.`);
      const service = await fullNameOf(store.endpoints, asked);
      const patterns = hub.trust.state.revocations.filter(({ kind }) => kind === "pattern");
      const nameOf = (uri: string) => parseSpiffeId(uri)?.name ?? "";
      const isListed = (name: string) =>
        mayServe(name, service, servedBy) && !patterns.some(({ subject }) => matchesIdentity(subject, name));
      const find = (request: PageRequest) => store.endpoints.find(service, request);
      const { items: endpoints, nextPageToken } = await readPage(pageToken, find, {
        key: [0, "", ""],
        keyOf: ({ reportedAt, address, spiffeId }) => [reportedAt, address, spiffeId],
        toItem: ({ spiffeId, address }) => (isListed(nameOf(spiffeId)) ? { spiffeId, service, address } : undefined),
      });
      return { endpoints, nextPageToken };
    },

    async listUsage({ pageToken }) {
      const { items: usage, nextPageToken } = await readPage(pageToken, store.usage.page, {
        key: [0, "", "", "", ""],
        keyOf: ({ lastAt, spiffeId, method, caller, denial }) => [lastAt, spiffeId, method, caller, denial],
        toItem: (row) => ({ ...row, count: BigInt(row.count), lastAt: new Date(row.lastAt) }),
      });
      return { usage, nextPageToken };
    },
  };
}
