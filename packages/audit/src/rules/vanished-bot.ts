import { isInterlock, isPerson } from "../facts/names.js";
import { dayMs } from "../facts/window.js";
import { groupBy } from "../group-by.js";
import { defaultWindowMs } from "../inputs/default-window.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { spanText, timeText } from "../text.js";

/** A bot that has been silent this long has vanished, unless the window is shorter. */
const silentMs = dayMs;

/** A bot that gives no sign of life any more, and has neither stopped properly nor been retired. */
export const vanishedBot: Rule = {
  id: "vanished-bot",
  severity: "medium",
  title: "A bot has vanished",
  description:
    "The bot has given no sign of life for a day (or for the window, if that is shorter), its last process did not say that it ends, and it is neither retired nor revoked. Its name, its grants and its key on a disk are still there for another.",
  remedy: "Start the bot again, or retire it.",
  owasp: owasp.inventory,
  needs: ["fleet"],
  find: ({ now, fleet, windowMs = defaultWindowMs }) => {
    if (!fleet) return [];
    const processes = groupBy(fleet.processes, ({ bot }) => bot);
    return fleet.bots.flatMap(({ name, retiredAt, revokedAt, certificateIssuedAt = 0 }) => {
      const own = processes.get(name) ?? [];
      if (own.length === 0 || isPerson(name) || isInterlock(name)) return [];
      if (retiredAt !== undefined || revokedAt !== undefined || own.some(({ online }) => online)) return [];
      const last = own.reduce((a, b) => (b.lastSeenAt > a.lastSeenAt ? b : a));
      // Its certificate is renewed by a process that is there, whether it reports or not.
      const seenAt = Math.max(last.lastSeenAt, certificateIssuedAt);
      if (last.stoppedAt !== undefined || now - seenAt < Math.min(silentMs, windowMs)) return [];
      return [
        {
          subject: name,
          message: `${name} has not been seen for ${spanText(now - seenAt)}, and did not say that it ends.`,
          evidence: [
            `Its last sign of life was at ${timeText(seenAt)}${last.addresses.length === 0 ? "" : `, from ${last.addresses.join(", ")}`}.`,
          ],
          remedy: "Start it again, or retire it.",
          command: `interlock retire bot ${name}`,
        },
      ];
    });
  },
};
