import { parseSpiffeId } from "@interlock/policy";
import { windowStart } from "../facts/window.js";
import type { Found } from "../finding.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { timeText } from "../text.js";

/** What settles a clone alarm: the bot has another key, or is gone. */
const settling: ReadonlySet<string> = new Set(["join", "unrevoke", "retire"]);

/** A bot whose identity was used by two, and that nobody has attended to. */
export const clonedBot: Rule = {
  id: "cloned-bot",
  severity: "critical",
  title: "The identity of a bot was copied",
  description:
    "The audit log has a clone alarm in the window, and the bot has neither joined again nor been retired since. The key of the bot has left its machine.",
  remedy: "Find out where the copy came from; then invite the bot again, or retire it.",
  owasp: owasp.authentication,
  needs: ["log"],
  find: (inputs) => {
    const alarms = new Map<string, Found>();
    for (const { kind, subject, at } of inputs.log ?? []) {
      const name = parseSpiffeId(subject)?.name ?? subject;
      if (settling.has(kind)) alarms.delete(name);
      if (kind !== "clone" || at < windowStart(inputs)) continue;
      alarms.set(name, {
        subject: name,
        message: `The identity of ${name} was used by two: a copy of its key is about.`,
        evidence: [`The authority raised the alarm at ${timeText(at)}, and revoked the bot.`],
        remedy: "Find out where the copy came from; then invite the bot again, or retire it.",
        command: `interlock invite ${name}`,
      });
    }
    return [...alarms.values()];
  },
};
