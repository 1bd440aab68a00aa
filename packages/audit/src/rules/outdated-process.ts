import { isInterlock } from "../facts/names.js";
import { dayMs } from "../facts/window.js";
import { groupBy } from "../group-by.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { timeText } from "../text.js";

/** How long two versions of one bot may run side by side, in milliseconds. */
const rolloutMs = dayMs;

/** A process that still serves what a later process of its bot has replaced. */
export const outdatedProcess: Rule = {
  id: "outdated-process",
  severity: "low",
  title: "An outdated process of a bot still runs",
  description:
    "A later process of the bot has been serving another manifest, or another version, for more than a day, and the earlier one still runs. Its endpoints were meant to be gone.",
  remedy: "Stop the earlier process.",
  owasp: owasp.inventory,
  needs: ["fleet"],
  find: ({ now, fleet }) =>
    [...(fleet ? groupBy(fleet.processes, ({ bot }) => bot) : [])].flatMap(([bot, processes]) => {
      const online = processes.filter((process) => process.online && !isInterlock(bot));
      const latest = online.reduce<(typeof online)[number] | undefined>(
        (a, b) => (a && a.startedAt >= b.startedAt ? a : b),
        undefined,
      );
      if (!latest || now - latest.startedAt < rolloutMs) return [];
      return online.flatMap(({ instance, version, manifestHash, startedAt, addresses }) => {
        if (version === latest.version && manifestHash === latest.manifestHash) return [];
        return [
          {
            subject: `${bot} ${instance}`,
            message: `An outdated process of ${bot} still runs.`,
            evidence: [
              `It started at ${timeText(startedAt)}${version === "" ? "" : ` as version ${version}`}${addresses.length === 0 ? "" : `, and listens at ${addresses.join(", ")}`}.`,
              `The latest one started at ${timeText(latest.startedAt)}${latest.version === "" ? "" : ` as version ${latest.version}`}.`,
            ],
            remedy: "Stop the earlier process.",
            command: "interlock bots",
          },
        ];
      });
    }),
};
