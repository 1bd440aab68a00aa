import { dayMs } from "../facts/window.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { spanText, timeText } from "../text.js";

/** How long a join token may stay open. */
const longMs = dayMs;

/** How many uses of a join token may be left. */
const manyUses = 20;

/** A join token that is open for long, for many bots, or for any name. */
export const openJoinToken: Rule = {
  id: "open-join-token",
  severity: "medium",
  title: "A join token is open wide",
  description: `A join token that is still valid for more than a day, has more than ${manyUses} uses left, or is for any name. A token that is found in a shell history lets a stranger into the fleet.`,
  remedy: "Delete the token, and create one for a name, shortly before it is used.",
  owasp: owasp.authentication,
  needs: ["joinTokens"],
  find: ({ now, joinTokens = [] }) =>
    joinTokens.flatMap(({ id, name, createdAt, expiresAt, uses, used }) => {
      const left = uses - used;
      if (expiresAt <= now || left <= 0) return [];
      const isAnyName = name.split("/").every((segment) => segment === "*" || segment === "**");
      const facts = [
        ...(expiresAt - now > longMs ? [`It is valid for ${spanText(expiresAt - now)} more.`] : []),
        ...(left > manyUses ? [`It can be used ${left} times more.`] : []),
        ...(isAnyName ? [`It is for any name that matches ${name}.`] : []),
      ];
      if (facts.length === 0) return [];
      return [
        {
          subject: `${name} ${id}`,
          message: `The join token ${id} for ${name} is open wide.`,
          evidence: [...facts, `It was created at ${timeText(createdAt)}.`],
          remedy: "Delete it, and create one for a name, shortly before it is used.",
          command: `interlock tokens delete ${id}`,
        },
      ];
    }),
};
