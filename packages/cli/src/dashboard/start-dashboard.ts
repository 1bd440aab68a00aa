import type { Bot } from "@interlock/bot";
import { fleetPage } from "./fleet-page.js";
import { createFleetReader } from "./fleet-reader.js";
import { createHub } from "./hub.js";
import { createFleetView } from "./model/fleet.js";
import { createPageServer } from "./page-server.js";
import { ReadOnlyAdmin } from "./read-only-admin.js";
import { readPage } from "./read-page.js";
import { watchFleet } from "./watch-fleet.js";

/** A running dashboard. */
export interface Dashboard {
  /** The link that opens it, once. */
  readonly link: string;
  close(): Promise<void>;
}

/**
 * Starts the dashboard of a fleet: reads the fleet from `authority` as `bot`, with scopes to read only, and shows it to one
 * browser on this machine.
 */
export async function startDashboard(bot: Bot, authority: string, port: number): Promise<Dashboard> {
  const admin = bot.client(ReadOnlyAdmin, authority);
  const first = createFleetView(authority, bot.name);
  const hub = createHub(first, Date.now);
  const routes = await readPage(fleetPage);
  routes.set("/events", (_, response) => hub.connect(response));
  const server = await createPageServer(routes, { port });
  const ending = new AbortController();
  const reader = createFleetReader(admin, { authority, viewer: bot.name, now: Date.now });
  const watching = watchFleet(first, { reader, signal: ending.signal, onView: hub.show });
  return {
    link: server.link,
    async close() {
      ending.abort();
      hub.close();
      await Promise.all([server.close(), watching]);
    },
  };
}
