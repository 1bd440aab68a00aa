import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Clock } from "@interlock/bot";
import type { Entry } from "./model/entry.js";
import type { FleetState } from "./model/fleet-state.js";

/** The part of a response that the hub needs. */
export type Stream = Pick<ServerResponse, "writeHead" | "write" | "end" | "destroy" | "on" | "once">;

/** Sends entries to browsers, as server-sent events. */
export interface Hub {
  /** Adds an entry that has been applied to the state; the next flush sends it. */
  tell(entry: Entry): void;
  /** Sends new entries to all browsers that can take them. */
  flush(): void;
  /**
   * Starts a stream of events: `news` holds entries, `state` the whole state. A browser that comes back with the id of its
   * last event gets the entries since then, or the state if those are too many.
   */
  connect(stream: Stream, lastEventId: string): void;
  readonly size: number;
  close(): void;
}

export interface HubOptions {
  /** The state, with every entry that the hub got. */
  readonly state: FleetState;
  readonly clock: Clock;
}

/** The number of entries that are kept; a browser that lacks more gets the state instead. */
const kept = 500;
const maximumBrowsers = 24;
/** A browser that reads nothing for this time is cut off; it may come back. */
const patienceMs = 30_000;

interface Browser {
  readonly stream: Stream;
  /** The number of the last entry that was sent to it; -1 before the first. */
  sent: number;
  /** The time since which its socket is full. */
  fullSince: number | undefined;
}

/**
 * Creates a hub. It buffers nothing for a slow browser: once that has read the last message, the hub makes the next one from
 * the entries or the state that it has anyway. So a browser costs one message, however far behind it is.
 */
export function createHub({ state, clock }: HubOptions): Hub {
  // The numbers of another run are not valid here.
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
