import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Clock } from "@interlock/bot";
import type { Entry } from "./model/entry.js";
import type { FleetState } from "./model/fleet-state.js";

/** What is needed of a response. */
export type Stream = Pick<ServerResponse, "writeHead" | "write" | "end" | "destroy" | "on" | "once">;

/** Sends what is learned to any number of browsers, as server-sent events. */
export interface Hub {
  /** Takes an entry that has been applied to the state; it is sent with the next flush. */
  tell(entry: Entry): void;
  /** Sends what is new to all who can take it. */
  flush(): void;
  /**
   * Begins a stream of events: `news` is entries, `state` is all there is. Whoever comes back with the id of the last
   * event that he got is sent what has come since, or the state where that is too much.
   */
  connect(stream: Stream, lastEventId: string): void;
  readonly size: number;
  close(): void;
}

export interface HubOptions {
  /** With every entry that the hub was told. */
  readonly state: FleetState;
  readonly clock: Clock;
}

/** So many entries may be outstanding; with more of them the state is sent instead. */
const kept = 500;
const maximumBrowsers = 24;
/** A browser that takes nothing for so long is cut off; it may come back. */
const patienceMs = 30_000;

interface Browser {
  readonly stream: Stream;
  /** The number of the last entry that it was sent; before any, -1. */
  sent: number;
  /** Since when it takes nothing more. */
  fullSince: number | undefined;
}

/**
 * Makes a hub. For a browser that reads slowly nothing is kept: what it is sent next is made from what the hub has anyway,
 * once it has taken the last. So it costs one message, however far behind it is.
 */
export function createHub({ state, clock }: HubOptions): Hub {
  // Numbers of another run mean nothing here.
  const run = randomUUID().slice(0, 8);
  const browsers = new Set<Browser>();
  const latest: Entry[] = [];
  let told = 0;

  function positionOf(eventId: string): number {
    const [of, number] = eventId.split(":");
    const position = Number(number);
    return of === run && Number.isInteger(position) && position >= 0 && position <= told ? position : -1;
  }

  function send(browser: Browser): void {
    const { stream, sent } = browser;
    if (browser.fullSince !== undefined || sent === told) return;
    const behind = told - sent;
    const fresh = sent >= 0 && behind <= Math.min(kept, latest.length);
    const data = fresh ? { now: clock.now(), entries: latest.slice(-behind) } : { now: clock.now(), state };
    browser.sent = told;
    const event = `id: ${run}:${told}\nevent: ${fresh ? "news" : "state"}\ndata: ${JSON.stringify(data)}\n\n`;
    if (!stream.write(event)) browser.fullSince = clock.now();
  }

  return {
    tell(entry) {
      told++;
      latest.push(entry);
      if (latest.length > kept * 2) latest.splice(0, kept);
    },
    flush() {
      for (const browser of browsers) {
        const { stream, fullSince } = browser;
        if (fullSince !== undefined && clock.now() - fullSince > patienceMs) stream.destroy();
        else send(browser);
      }
    },
    connect(stream, lastEventId) {
      if (browsers.size >= maximumBrowsers) {
        stream.writeHead(503, { "Retry-After": "5" });
        stream.end();
        return;
      }
      const browser = { stream, sent: positionOf(lastEventId), fullSince: undefined };
      stream.on("drain", () => {
        browser.fullSince = undefined;
        send(browser);
      });
      stream.once("close", () => browsers.delete(browser));
      stream.on("error", () => {});
      browsers.add(browser);
      stream.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
      stream.write("retry: 500\n\n");
      send(browser);
    },
    get size() {
      return browsers.size;
    },
    close() {
      for (const { stream } of browsers) stream.end();
      browsers.clear();
    },
  };
}
