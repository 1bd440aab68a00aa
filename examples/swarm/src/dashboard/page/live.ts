import { followEvents } from "@interlock/cli/page/kit";
import type { Entry } from "../model/entry.js";
import { applyEntry, createFleetState, type FleetState } from "../model/fleet-state.js";
import type { Moment } from "./moment.js";

/** Receives the dashboard's entries and provides the current moment. A broken connection resumes where it was. */
export function listen(onChange: () => void): () => Moment {
  let state = createFleetState();
  const contact = followEvents((hear) => {
    hear<{ now: number; state: FleetState }>("state", (message) => {
      state = message.state;
    });
    hear<{ now: number; entries: Entry[] }>("news", ({ entries }) => {
      for (const entry of entries) applyEntry(state, entry);
    });
  }, onChange);
  return () => ({ ...contact(), state });
}
