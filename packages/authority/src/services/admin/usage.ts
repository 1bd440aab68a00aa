import type { ListUsageDaysRequest, ListUsageRequest } from "@interlock/bot/protocol";
import { isFederatedPattern, isIdentityPattern, isServiceName, matchesIdentity } from "@interlock/policy";
import { actorNames, unpackActors } from "../../reports/actors.js";
import type { PageRequest } from "../../store/page.js";
import type { UsageRow } from "../../store/schema.js";
import { dayOf } from "../../store/usage-days.js";
import { invalid } from "../invalid.js";
import { readPage } from "../page.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";
import { nameOf, timeOf } from "./selection.js";

/** Creates the handlers that list calls and denials. */
export function usageHandlers({
  store,
  hub,
}: Pick<AdminParts, "store" | "hub">): AdminHandlers<"listUsage" | "listUsageDays"> {
  const { trustDomain } = hub.trust.state;
  return {
    async listUsage(request) {
      const isMeant = meant(request, trustDomain);
      const selection = { since: timeOf(request.since) ?? 0, denied: request.denied };
      const list = (page: PageRequest) => store.usage.page(page, selection);
      const { items: usage, nextPageToken } = await readPage(request.pageToken, list, {
        key: ["", "", "", "", ""],
        keyOf: (row) => [row.spiffeId, row.method, row.caller, row.actors, row.denial],
        toItem: (row) =>
          isMeant(row)
            ? {
                ...row,
                actors: unpackActors(row.actors, trustDomain),
                count: BigInt(row.count),
                firstAt: new Date(row.firstAt),
                lastAt: new Date(row.lastAt),
              }
            : undefined,
      });
      return { usage, nextPageToken };
    },

    async listUsageDays(request) {
      const isMeant = meant(request, trustDomain);
      const [since, until] = [dayIn(request.since), dayIn(request.until)];
      const list = (page: PageRequest) => store.usageDays.page(page, { since, until, denied: request.denied });
      const { items: days, nextPageToken } = await readPage(request.pageToken, list, {
        key: ["", "", "", "", "", ""],
        keyOf: (row) => [row.day, row.spiffeId, row.method, row.caller, row.actors, row.denial],
        toItem: (row) =>
          isMeant(row)
            ? { ...row, actors: unpackActors(row.actors, trustDomain), count: BigInt(row.count) }
            : undefined,
      });
      return { days, nextPageToken };
    },
  };
}

type Selection = Pick<ListUsageRequest | ListUsageDaysRequest, "bot" | "service" | "method">;
type Called = Pick<UsageRow, "spiffeId" | "method" | "caller" | "actors">;

/** Returns whether a row is selected. Throws `INVALID_ARGUMENT` for a malformed selection. */
function meant({ bot, service, method }: Selection, trustDomain: string): (row: Called) => boolean {
  if (bot !== "" && !isIdentityPattern(bot) && !isFederatedPattern(bot))
    throw invalid("The bot is malformed: give a name or an identity pattern.");
  if (service !== "" && !isServiceName(service)) throw invalid("The service is malformed: give its full name.");
  const isBot = (name: string) => matchesIdentity(bot, name);
  return (row) =>
    (method === "" || row.method === method) &&
    (service === "" || row.method.startsWith(`${service}/`)) &&
    (bot === "" ||
      isBot(nameOf(row.spiffeId, trustDomain)) ||
      isBot(nameOf(row.caller, trustDomain)) ||
      actorNames(row.actors).some(isBot));
}

/** The greatest time that a date can hold in four digits of a year, in milliseconds since the epoch. */
const lastMs = Date.UTC(9999, 11, 31);

function dayIn(at: Date | undefined): string {
  const ms = timeOf(at);
  return ms === undefined ? "" : dayOf(Math.min(Math.max(ms, 0), lastMs));
}
