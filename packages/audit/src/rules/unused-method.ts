import { createCoverage } from "../coverage.js";
import { isPastSunset } from "../ended.js";
import { placeOf } from "../facts/places.js";
import { declaredMethods } from "../facts/services.js";
import { callsByMethod } from "../facts/usage.js";
import { windowStart } from "../facts/window.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { listText, spanText, timeText } from "../text.js";

/** A method that is served and was not called in the window, where every call is known. */
export const unusedMethod: Rule = {
  id: "unused-method",
  severity: "medium",
  title: "A method is served and not used",
  description:
    "No bot has called the method in the window, and every server of its service has counted all calls meanwhile. An endpoint without a use is a risk without a benefit.",
  remedy: "Deprecate the method and retire it, or suppress the finding with the reason why it stays.",
  owasp: owasp.inventory,
  needs: ["fleet"],
  find: (inputs) => {
    const { now, fleet } = inputs;
    if (!fleet) return [];
    const start = windowStart(inputs);
    const calls = callsByMethod(fleet, start);
    const coverage = createCoverage(fleet, { from: start, to: now });
    return declaredMethods(inputs).flatMap(({ subject, service, policy }) => {
      if ((calls.get(subject)?.lastAt ?? 0) >= start || coverage(service).gaps.length > 0) return [];
      // Past its sunset it refuses every call: another rule finds it.
      if (isPastSunset(policy, now)) return [];
      const last = calls.get(subject)?.lastAt;
      const servers = fleet.servers.filter((server) => server.service === service);
      return [
        {
          subject,
          message: `${subject} has not been called for ${spanText(now - start)}.`,
          evidence: [
            last === undefined ? "No call of it is on record." : `The last call was at ${timeText(last)}.`,
            `Served by ${listText(servers.map(({ bot, firstAt }) => `${bot} since ${timeText(firstAt)}`))}, with every call counted.`,
          ],
          remedy: "Deprecate it and retire it, or suppress this finding with the reason why it stays.",
          command: `interlock retire method ${subject} --dry-run`,
          place: placeOf(inputs, subject),
        },
      ];
    });
  },
};
