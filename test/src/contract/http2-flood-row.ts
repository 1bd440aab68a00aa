import { assail, flat, latencies, p99 } from "./assail.js";
import { type EchoStage, echoStage } from "./echo-stage.js";
import type { Assault } from "./flood-attacker.js";
import type { Row, Variant } from "./row.js";

/** The floods of frames that are known, each by its name. Row 29 has rapid reset and endless headers. */
const floods: Readonly<Partial<Record<Assault["kind"], string>>> = {
  madeYouReset: "faults in streams, which the server resets (CVE-2025-8671)",
  malformedRequests: "malformed requests, which the server resets (CVE-2019-9514)",
  pings: "pings (CVE-2019-9512)",
  unreadPings: "pings, and nothing is read (CVE-2019-9517)",
  settings: "settings (CVE-2019-9515)",
  emptyFrames: "frames without content (CVE-2019-9518)",
  priorities: "priorities (CVE-2019-9513)",
  windows: "windows that grow by a byte",
  emptyHeaders: "headers of no length (CVE-2019-9516)",
  headerBomb: "a header list that unpacks to megabytes",
  unknownFrames: "frames of an unknown type",
};

/** How slow another bot's calls may become during a flood: the attacker, the target and the bystander share two cores. */
const slowestMs = 1_000;

export const http2FloodRow: Row = {
  row: 65,
  attack: "the floods of HTTP/2 frames that are known by a CVE, from a bot with a certificate",
  async play() {
    const stage = await echoStage({ open: () => ({}) });
    const kinds = Object.entries(floods) as readonly (readonly [Assault["kind"], string])[];
    return stage.play(kinds.map(([kind, name]) => closesOn(stage, kind, name)));
  },
};

/** The server ends the connection long before the attacker has finished, keeps no memory, and serves another bot meanwhile. */
function closesOn(stage: EchoStage, kind: Assault["kind"], name: string): Variant {
  let during = 0;
  return {
    name,
    answer: "close",
    async attack() {
      const [{ closed }, times] = await Promise.all([flat(() => assail(stage, kind)), latencies(stage)]);
      during = p99(times);
      if (during > slowestMs) throw new Error(`another bot's p99 was ${during.toFixed(1)} ms`);
      return closed ? "close" : 0;
    },
    note: () => `another bot's p99 ${during.toFixed(1)} ms`,
  };
}
