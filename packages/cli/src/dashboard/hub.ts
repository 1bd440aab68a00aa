import type { ServerResponse } from "node:http";
import { createFleetView, type FleetView } from "./model/fleet.js";
import { diff } from "./model/patch.js";

/** The part of a response that the hub needs. */
export type Stream = Pick<ServerResponse, "writeHead" | "write" | "end" | "destroy" | "on" | "once">;

/** Sends the view of a fleet to browsers, as server-sent events: `view` is a whole one, `patch` what has changed. */
export interface Hub {
  /** Takes a later view, and sends what is new in it. */
  show(view: FleetView): void;
  /** Begins to send to a browser. */
  connect(stream: Stream): void;
  close(): void;
}

const maximumBrowsers = 8;
/** How many views a browser may read nothing of before it is cut off; it may come back. */
const patience = 15;

interface Browser {
  readonly stream: Stream;
  /** How many views have come since its socket was full; undefined while it takes more. */
  full: number | undefined;
  /** Whether it lacks something, and gets the whole view next. */
  behind: boolean;
}

/** Creates a hub. Nothing is buffered for a slow browser: when it has read the last message, it gets the view as it is then. */
export function createHub(first: FleetView, now: () => number): Hub {
  const browsers = new Set<Browser>();
  let view = first;

  function send(browser: Browser, event: string, data: object): void {
    if (!browser.stream.write(`event: ${event}\ndata: ${JSON.stringify({ now: now(), ...data })}\n\n`))
      browser.full = 0;
  }

  function sendWhole(browser: Browser): void {
    browser.behind = false;
    send(browser, "view", { view });
  }

  return {
    show(later) {
      const patch = diff(view, later);
      view = later;
      for (const browser of browsers) {
        if (browser.full === undefined && patch) send(browser, "patch", { patch });
        else if (browser.full === undefined)
          send(browser, "patch", { patch: { put: {}, drop: {} } }); // A sign of life.
        else {
          browser.behind ||= patch !== undefined;
          if (++browser.full > patience) browser.stream.destroy();
        }
      }
    },
    connect(stream) {
      if (browsers.size >= maximumBrowsers) {
        stream.writeHead(503, { "Retry-After": "5" });
        stream.end();
        return;
      }
      const browser: Browser = { stream, full: undefined, behind: false };
      stream.on("drain", () => {
        browser.full = undefined;
        if (browser.behind) sendWhole(browser);
      });
      stream.once("close", () => browsers.delete(browser));
      stream.on("error", () => {});
      browsers.add(browser);
      stream.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
      stream.write("retry: 1000\n\n");
      sendWhole(browser);
    },
    close() {
      for (const { stream } of browsers) stream.end();
      browsers.clear();
      view = createFleetView("", "");
    },
  };
}
