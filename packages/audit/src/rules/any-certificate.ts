import { portRule } from "../facts/port-rule.js";
import { owasp } from "../owasp.js";

/** A port that accepts a certificate of any origin. */
export const anyCertificate = portRule(
  {
    id: "any-certificate",
    severity: "critical",
    title: "A port accepts any client certificate",
    description:
      "The port asks for a certificate, and accepts one that no CA of the fleet has signed. It looks like mutual TLS, and verifies nothing.",
    remedy: "Verify client certificates against the fleet's CA.",
    owasp: owasp.authentication,
  },
  ({ address, tls }) =>
    // A server that never asks for a certificate takes none: another rule names it.
    tls?.acceptsForeignCertificate === "yes" &&
    (tls.demandsClientCertificate !== "no" || tls.asksForClientCertificate === true)
      ? {
          message: `${address} accepts a client certificate that no CA of the fleet has signed.`,
        }
      : undefined,
);
