import { portRule } from "../facts/port-rule.js";
import { owasp } from "../owasp.js";

/** A port that would run a call without a token. */
export const answersWithoutToken = portRule(
  {
    id: "answers-without-token",
    severity: "high",
    title: "A port takes calls without a token",
    description:
      "A call without a token, or without a certificate, reached a server that would answer it. The methods behind it have no access control.",
    remedy: "Serve the methods with their policy enforced: `bot.serve` does.",
    owasp: owasp.authentication,
  },
  ({ address, answersWithoutToken: answer }) =>
    answer === "yes"
      ? {
          message: `${address} takes calls from strangers.`,
          remedy: "Serve it with its policy enforced, or take it away.",
        }
      : undefined,
);
