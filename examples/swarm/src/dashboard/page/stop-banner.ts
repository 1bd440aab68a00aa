import { createList, find, html, setAttribute, setText } from "@interlock/cli/page/kit";
import type { SafetyView } from "../model/entry.js";
import { ago, count, plural } from "../model/format.js";
import type { View } from "./moment.js";

interface Chip {
  readonly name: string;
  readonly outcome: SafetyView["workers"][number]["outcome"];
  readonly detail: string;
}

/** The number of stopped robots that are named; more are counted. Robots that have not stopped are always named. */
const named = 8;
const words = { ACKNOWLEDGED: "stopped", FAILED: "could not stop", UNREACHABLE: "no answer" } as const;

/** The banner of the emergency stop, above everything else while the stop is in force. */
export function createStopBanner(): View {
  const banner = find("stop");
  const why = find("stop-why");
  const root = document.documentElement;
  const { title } = document;
  const showWorkers = createList<Chip>(
    find("stop-workers"),
    ({ name }) => name,
    () => {
      const node = html("li");
      return {
        node,
        update({ name, outcome, detail }) {
          setText(node, `${name} ${words[outcome]}`);
          setAttribute(node, "data-outcome", outcome);
          setAttribute(node, "title", detail || undefined);
        },
      };
    },
  );
  return ({ state: { safety }, now }) => {
    const latched = safety?.latched === true;
    banner.hidden = !latched;
    root.toggleAttribute("data-stopped", latched);
    document.title = latched ? `■ EMERGENCY STOP – ${title}` : title;
    if (!latched) return;
    const since = safety.issuedAt === undefined ? "" : ` ${ago(now - safety.issuedAt)} ago`;
    setText(why, `${safety.issuer || "unknown"}: “${safety.reason}”,${since}. Latched until a supervisor resets it.`);
    showWorkers(chips(safety));
  };
}

function chips({ workers }: SafetyView): Chip[] {
  const stopped = workers.filter(({ outcome }) => outcome === "ACKNOWLEDGED");
  if (stopped.length <= named) return [...workers];
  const others = workers.filter(({ outcome }) => outcome !== "ACKNOWLEDGED");
  return [...others, { name: count(stopped.length), outcome: "ACKNOWLEDGED", detail: "" }];
}

/** Describes the emergency stop in one sentence, for screen readers. */
export function describeStop({ issuer, reason, workers }: SafetyView): string {
  const stopped = workers.filter(({ outcome }) => outcome === "ACKNOWLEDGED").length;
  const others = workers.filter(({ outcome }) => outcome !== "ACKNOWLEDGED").map(({ name }) => name);
  const rest = others.length > 0 ? ` Not stopped: ${others.join(", ")}.` : "";
  return `Emergency stop by ${issuer}: ${reason}. ${plural(stopped, "robot")} stopped.${rest}`;
}
