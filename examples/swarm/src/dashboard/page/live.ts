import type { Entry } from "../model/entry.js";
import { applyEntry, createFleetState, type FleetState } from "../model/fleet-state.js";
import type { Moment } from "./moment.js";

const retryMs = 2_000;

/** Receives the dashboard's entries and provides the current moment. A broken connection resumes where it was. */
export function listen(onChange: () => void): () => Moment {
  let state = createFleetState();
  let connected = false;
  // The times are those of the dashboard's clock, not of this machine's.
  let ahead = 0;

  function open(): void {
    const source = new EventSource("events");
    const hear = <Data extends { now: number }>(name: string, take: (data: Data) => void) =>
      source.addEventListener(name, ({ data }) => {
        const message = JSON.parse(data) as Data;
        ahead = message.now - Date.now();
        connected = true;
        take(message);
        onChange();
      });
    hear<{ now: number; state: FleetState }>("state", (message) => {
      state = message.state;
    });
    hear<{ now: number; entries: Entry[] }>("news", ({ entries }) => {
      for (const entry of entries) applyEntry(state, entry);
    });
    source.addEventListener("open", () => {
      connected = true;
      onChange();
    });
    source.addEventListener("error", () => {
      connected = false;
      onChange();
      // The browser reopens a broken connection, but not a refused one.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, retryMs);
    });
  }

  open();
  return () => ({ state, now: Date.now() + ahead, connected });
}
