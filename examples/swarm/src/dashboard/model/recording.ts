import type { Entry } from "./entry.js";
import { applyEntry, createFleetState, type FleetState } from "./fleet-state.js";

/** The record of a run, with access to any moment. Times are milliseconds since its start. */
export interface Recording {
  readonly duration: number;
  /** The starts of notable events. */
  readonly marks: readonly { readonly at: number; readonly kind: "act" | "stop" | "denial" | "away" }[];
  /** The state at a moment. */
  at(position: number): { readonly state: FleetState; readonly now: number };
}

/** Reads a record, one JSON object per line. */
export function createRecording(text: string): Recording {
  const entries = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Entry);
  const begin = entries[0]?.at ?? 0;
  let state = createFleetState();
  let applied = 0;
  return {
    duration: Math.max(0, (entries.at(-1)?.at ?? begin) - begin),
    marks: marksOf(entries, begin),
    at(position) {
      const now = begin + position;
      // Seeking backward starts over from the beginning, which takes a few milliseconds.
      if (applied > 0 && (entries[applied - 1]?.at ?? 0) > now) {
        state = createFleetState();
        applied = 0;
      }
      for (let entry = entries[applied]; entry && entry.at <= now; entry = entries[++applied]) applyEntry(state, entry);
      return { state, now };
    },
  };
}

/** The first entry of each event: an emergency stop is repeated for every robot that answers, a denial for every similar one. */
function marksOf(entries: readonly Entry[], begin: number): Recording["marks"] {
  const marks: { at: number; kind: Recording["marks"][number]["kind"] }[] = [];
  const denials = new Set<string>();
  let latched = false;
  for (const entry of entries) {
    const mark = (kind: (typeof marks)[number]["kind"]) => marks.push({ at: entry.at - begin, kind });
    if (entry.kind === "act" && entry.act.state === "running") mark("act");
    if (entry.kind === "link" && entry.link.to === "leader" && !entry.link.up) mark("away");
    if (entry.kind === "denial" && !denials.has(entry.denial.id)) mark("denial");
    if (entry.kind === "denial") denials.add(entry.denial.id);
    if (entry.kind === "safety" && entry.safety.latched && !latched) mark("stop");
    if (entry.kind === "safety") latched = entry.safety.latched;
  }
  return marks;
}
