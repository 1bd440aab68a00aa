import { setImmediate as nextTurn } from "node:timers/promises";
import type { CallContext, Client } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { createTurns } from "@interlock/database";
import type { AnyMethod } from "@interlock/policy";
import type { AdminParts } from "../services/admin/admin-parts.js";
import { createAdminService } from "../services/admin-service.js";

const names = [
  "getGrants",
  "listBots",
  "listGrantVersions",
  "listInstances",
  "listJoinTokens",
  "listLog",
  "listManifests",
  "listRetiredMethods",
  "listServerRecords",
  "listUsage",
  "listUsageDays",
] as const;

/** The methods of the AdminService that an audit reads with, as a client has them. */
export type AdminReader = Pick<Client<typeof AdminService>, (typeof names)[number]>;

type Served = (request: unknown, context: CallContext) => unknown;

/**
 * Creates a reader that asks the handlers in this process: without a connection, an identity, or usage of its own. It reads
 * one page in a turn of the event loop, so that everything else goes on between two pages.
 */
export function createAdminReader(parts: AdminParts): AdminReader {
  const service = createAdminService(parts);
  const inTurn = createTurns();
  const nobody = {} as CallContext; // What only reads does not look at its caller.
  const read = names.map((name) => {
    const { request, response }: AnyMethod = AdminService.methods[name];
    const serve = service[name] as Served;
    const ask = async (init: unknown) => {
      await nextTurn();
      return response.fromPartial(await serve(request.fromPartial(init), nobody));
    };
    return [name, (init: unknown) => inTurn(() => ask(init))];
  });
  return Object.fromEntries(read);
}
