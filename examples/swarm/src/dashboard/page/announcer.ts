import { find } from "@interlock/cli/page/kit";
import { plural } from "../model/format.js";
import { attacker } from "./denials.js";
import type { View } from "./moment.js";
import { describeStop } from "./stop-banner.js";

/** The shortest time between two announcements of denials, so that a flood is not announced one by one. */
const everyMs = 3_000;

/** Announces events to screen readers: an emergency stop at once, denials and a lost leader at the next pause. */
export function createAnnouncer(): View {
  const polite = find("polite");
  const alert = find("alert");
  let denied = 0;
  let latched = false;
  let lost = false;
  let spokeAt = Number.NEGATIVE_INFINITY;

  return ({ state, connected }) => {
    const { safety, links } = state;
    if (safety && safety.latched !== latched) {
      latched = safety.latched;
      alert.textContent = latched ? describeStop(safety) : "The emergency stop has been reset.";
    }
    const out = !connected || links.leader?.up === false;
    if (out !== lost) {
      lost = out;
      polite.textContent = lost ? "The leader does not answer." : "The leader is back.";
    }
    const more = state.denied - denied;
    const [last] = state.denials;
    if (more < 0) denied = state.denied; // A replay was moved backward.
    if (more <= 0 || !last || performance.now() - spokeAt < everyMs) return;
    denied = state.denied;
    spokeAt = performance.now();
    const others = more > 1 ? ` ${plural(more - 1, "other")} before.` : "";
    polite.textContent = `Refused: ${attacker(last)}, ${last.reason}.${others}`;
  };
}
