import { createPageServer, type PageServer, readPage } from "@interlock/cli/page";
import { createHub } from "../hub.js";
import type { Entry, News } from "../model/entry.js";
import { applyEntry, createFleetState } from "../model/fleet-state.js";
import { swarmPage } from "../swarm-page.js";

/** The page of a dashboard without a swarm: a test publishes the entries. */
export interface LivePage {
  readonly url: string;
  /** Publishes all entries before `until`, in milliseconds after the first entry, and sets the clock to it. */
  play(entries: readonly Entry[], until: number): void;
  tell(news: News): void;
  /** Cuts off all browsers, and accepts none until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

export async function createLivePage(): Promise<LivePage> {
  let now = Date.now();
  const state = createFleetState();
  const clock = { now: () => now };
  let hub = createHub({ state, clock });
  let played = 0;
  const routes = await readPage(swarmPage("live"));
  routes.set("/events", ({ headers }, response) => hub.connect(response, String(headers["last-event-id"] ?? "")));
  let server: PageServer = await createPageServer(routes, { port: 0, open: true });
  const { url } = server;

  function take(entry: Entry): void {
    applyEntry(state, entry);
    hub.tell(entry);
  }

  return {
    url,
    play(entries, until) {
      const begin = entries[0]?.at ?? 0;
      for (let entry = entries[played]; entry && entry.at - begin <= until; entry = entries[++played]) take(entry);
      now = begin + until;
      hub.flush();
    },
    tell(news) {
      take({ ...news, at: now });
      hub.flush();
    },
    async down() {
      hub.close();
      await server.close();
    },
    async up() {
      hub = createHub({ state, clock });
      server = await createPageServer(routes, { port: Number(new URL(url).port), open: true });
    },
    async close() {
      hub.close();
      await server.close();
    },
  };
}
