import { portRule } from "../facts/port-rule.js";
import { owasp } from "../owasp.js";

/** A port that speaks gRPC without TLS. */
export const plaintextPort = portRule(
  {
    id: "plaintext-port",
    severity: "critical",
    title: "A port speaks gRPC without TLS",
    description:
      "The port answers HTTP/2 in plain text. Everybody on the network reads and changes what is said, and nobody is asked who they are.",
    remedy: "Serve the port with mutual TLS: `bot.serve`, or a sidecar in front of the program.",
    owasp: owasp.misconfiguration,
  },
  ({ address, tls }) =>
    tls
      ? undefined
      : {
          message: `${address} speaks gRPC in plain text.`,
          remedy: "Serve it with mutual TLS, or take it away.",
        },
);
