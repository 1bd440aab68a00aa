import { portRule } from "../facts/port-rule.js";
import { owasp } from "../owasp.js";

/** A port that asks its callers for no certificate. */
export const noClientCertificate = portRule(
  {
    id: "no-client-certificate",
    severity: "high",
    title: "A port demands no client certificate",
    description:
      "The port speaks TLS, and lets a caller in that shows no certificate. Only the server is known to the caller, not the caller to the server.",
    remedy: "Demand and verify client certificates: `bot.serve` does.",
    owasp: owasp.authentication,
  },
  ({ address, tls }) =>
    tls?.demandsClientCertificate === "no"
      ? {
          message: `${address} lets callers in without a certificate.`,
          remedy: "Demand client certificates, or take the port away.",
        }
      : undefined,
);
