import { systemClock } from "@interlock/bot";
import { createPageServer, readPage } from "@interlock/cli/page";
import { createHub } from "./hub.js";
import type { Entry, News } from "./model/entry.js";
import { applyEntry, createFleetState } from "./model/fleet-state.js";
import type { Dashboard, DashboardOptions } from "./options.js";
import { createRecord } from "./record.js";
import { swarmPage } from "./swarm-page.js";
import { watchSwarm } from "./watch-swarm.js";

/** Twenty frames per second look smooth. */
const frameMs = 50;

/**
 * Watches a swarm and shows it on a page.
 *
 * ```ts
 * const dashboard = await startDashboard({ bot, leaders: [leader], floor, feed: story.address, plan: floorPlan(createWorld()) });
 * console.log(dashboard.url);
 * ```
 *
 * Rejects when the port is taken or the record cannot be written. The page shows when a leader or a feed is away.
 */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { bot, leaders, floor, feed, plan, port = 0 } = options;
  const clock = systemClock;
  const closing = new AbortController();
  const state = createFleetState();
  const hub = createHub({ state, clock });
  const record = options.record === undefined ? undefined : await createRecord(options.record);

  function tell(news: News): void {
    const entry: Entry = { ...news, at: clock.now() };
    applyEntry(state, entry);
    hub.tell(entry);
    record?.write(entry);
  }

  tell({ kind: "plan", plan });
  const routes = await readPage(swarmPage("live"));
  routes.set("/events", ({ headers }, response) => hub.connect(response, String(headers["last-event-id"] ?? "")));
  const server = await createPageServer(routes, { port, open: true });
  const flushing = setInterval(hub.flush, frameMs);
  const watching = watchSwarm({ bot, leaders, floor, feed, onNews: tell, signal: closing.signal });
  return {
    url: server.url,
    async close() {
      closing.abort();
      clearInterval(flushing);
      hub.close();
      await Promise.all([watching, server.close()]);
      await record?.close();
    },
  };
}
