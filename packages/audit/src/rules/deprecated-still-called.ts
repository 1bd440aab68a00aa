import { placeOf } from "../facts/places.js";
import { declaredMethods } from "../facts/services.js";
import { admittedByMethod, latestCalls } from "../facts/usage.js";
import { dayMs, windowStart } from "../facts/window.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { listText, timeText } from "../text.js";

/** A sunset that is nearer than this is urgent. */
const nearMs = 30 * dayMs;

/** A deprecated method that bots still call. */
export const deprecatedStillCalled: Rule = {
  id: "deprecated-still-called",
  severity: "low",
  title: "A deprecated method is still called",
  description:
    "Bots still call a method since its deprecation. On its sunset their calls begin to fail. Within 30 days of the sunset the severity is medium.",
  remedy: "Move the callers to the replacement, or set a later sunset.",
  owasp: owasp.inventory,
  needs: ["fleet"],
  find: (inputs) => {
    const { now, fleet } = inputs;
    if (!fleet) return [];
    const start = windowStart(inputs);
    const admitted = admittedByMethod(fleet);
    return declaredMethods(inputs).flatMap(({ subject, policy: { deprecation } }) => {
      if (!deprecation) return [];
      const { since, sunset, replacement } = deprecation;
      const begin = Math.max(start, since === undefined ? 0 : Date.parse(since));
      const calls = latestCalls(admitted.get(subject) ?? [], begin);
      if (calls.callers.size === 0) return [];
      const end = sunset === undefined ? Number.POSITIVE_INFINITY : Date.parse(sunset);
      if (end <= now) return [];
      return [
        {
          subject,
          message: `${subject} is deprecated${sunset === undefined ? "" : `, ends on ${sunset}`}, and is still called by ${listText(calls.callers)}.`,
          evidence: [`The last call was at ${timeText(calls.lastAt)}.`],
          remedy: `Move the callers to ${replacement ?? "its replacement"}.`,
          command: `interlock usage --method ${subject}`,
          place: placeOf(inputs, subject),
          severity: end - now < nearMs ? ("medium" as const) : undefined,
        },
      ];
    });
  },
};
