import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { listText } from "../text.js";

/** How many operators are usual. */
const most = 5;

/** More operators than a fleet needs. */
export const manyOperators: Rule = {
  id: "many-operators",
  severity: "low",
  title: "There are many operators",
  description: `More than ${most} operators can act: neither retired nor revoked, with a certificate that has not expired. Each of them may change every grant.`,
  remedy: "Make viewers of those that only read, and retire those that have left.",
  owasp: owasp.functionAuthorization,
  needs: ["fleet"],
  find: ({ now, fleet }) => {
    const operators = (fleet?.bots ?? []).filter(
      ({ name, retiredAt, revokedAt, certificateExpiresAt = 0 }) =>
        name.startsWith("operator/") &&
        retiredAt === undefined &&
        revokedAt === undefined &&
        certificateExpiresAt > now,
    );
    if (operators.length <= most) return [];
    return [
      {
        subject: "operator/*",
        message: `${operators.length} operators may change every grant of the fleet.`,
        evidence: [
          `They are ${listText(
            operators.map(({ name }) => name),
            20,
          )}.`,
        ],
        remedy: "Make viewers of those that only read, and retire those that have left.",
        command: "interlock bots",
      },
    ];
  },
};
