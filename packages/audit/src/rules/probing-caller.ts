import { methodName, scanPathPrefix } from "../facts/usage.js";
import { windowStart } from "../facts/window.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { listText, timeText } from "../text.js";

/** Denials that tell of a caller that asks for what it may not have; not of load, clocks or renewal. */
const telling: ReadonlySet<string> = new Set(["SCOPE_MISSING", "CALLER_NOT_ALLOWED"]);

/** How many methods a caller has to be refused at. */
const leastMethods = 5;

/** A caller that was refused at many methods. */
export const probingCaller: Rule = {
  id: "probing-caller",
  severity: "high",
  title: "A bot tries many doors",
  description: `In the window, servers refused the bot at ${leastMethods} or more methods that it may not call. A bot in order calls only what it is granted: it is misconfigured, or stolen. Denials that a scan of this fleet has caused do not count.`,
  remedy: "Find out what the bot does; revoke it if nobody knows.",
  owasp: owasp.functionAuthorization,
  needs: ["fleet"],
  find: (inputs) => {
    const start = windowStart(inputs);
    const refused = new Map<string, { methods: Set<string>; servers: Set<string>; lastAt: number; count: number }>();
    for (const { bot, caller, method, denial, lastAt, count } of inputs.fleet?.usage ?? []) {
      const name = methodName(method);
      if (!telling.has(denial) || caller === "" || lastAt < start || name.startsWith(scanPathPrefix)) continue;
      const known = refused.get(caller) ?? { methods: new Set(), servers: new Set(), lastAt: 0, count: 0 };
      known.methods.add(name);
      known.servers.add(bot);
      known.lastAt = Math.max(known.lastAt, lastAt);
      known.count += count;
      refused.set(caller, known);
    }
    return [...refused]
      .filter(([, { methods }]) => methods.size >= leastMethods)
      .map(([subject, { methods, servers, lastAt, count }]) => ({
        subject,
        message: `${subject} was refused at ${methods.size} methods that it may not call.`,
        evidence: [
          `${count} calls were refused, the last at ${timeText(lastAt)}.`,
          `It tried ${listText(methods, 10)}.`,
          servers.size === 1
            ? `Only ${listText(servers)} has reported that, which can be mistaken or lie.`
            : `${listText(servers)} have reported that.`,
        ],
        remedy: "Find out what it does; revoke it if nobody knows.",
        command: `interlock usage --denied --bot ${subject}`,
      }));
  },
};
