import { admitted, methodName } from "../facts/usage.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { timeText } from "../text.js";

/** How long after a revocation a server may still admit a call, in milliseconds: a cut-off server knows of it later. */
const slackMs = 5 * 60_000;

/** A revoked bot whose calls are still admitted, or that still reports. */
export const revokedButSeen: Rule = {
  id: "revoked-but-seen",
  severity: "critical",
  title: "A revoked bot is still at work",
  description:
    "More than five minutes after its revocation, a server admitted a call of the bot, or the authority got a report of it. A server does not follow the revocations.",
  remedy: "Find the server that admitted it, and restart it with a connection to the authority.",
  owasp: owasp.authentication,
  needs: ["fleet"],
  find: ({ fleet }) =>
    (fleet?.bots ?? []).flatMap(({ name, revokedAt }) => {
      if (!fleet || revokedAt === undefined) return [];
      const after = revokedAt + slackMs;
      const calls = admitted(fleet).filter(
        ({ caller, actors, lastAt }) => lastAt > after && (caller === name || actors.includes(name)),
      );
      const reports = fleet.processes.filter((process) => process.bot === name && process.lastSeenAt > after);
      if (calls.length === 0 && reports.length === 0) return [];
      return [
        {
          subject: name,
          message: `${name} has been revoked since ${timeText(revokedAt)}, and is still at work.`,
          evidence: [
            ...calls
              .slice(0, 5)
              .map(({ bot, method, lastAt }) => `${bot} admitted ${methodName(method)} at ${timeText(lastAt)}.`),
            ...reports.slice(0, 5).map(({ lastSeenAt }) => `It reported at ${timeText(lastSeenAt)}.`),
          ],
          remedy: "Find the server that admitted it, and restart it with a connection to the authority.",
          command: `interlock usage --bot ${name}`,
        },
      ];
    }),
};
