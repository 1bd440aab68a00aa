import { portRule } from "../facts/port-rule.js";
import { tlsPorts } from "../facts/ports.js";
import { owasp } from "../owasp.js";
import { timeText } from "../text.js";

/** A port with a certificate that has expired. */
export const expiredCertificate = portRule(
  {
    id: "expired-certificate",
    severity: "high",
    title: "A port shows an expired certificate",
    description:
      "The certificate of the port has expired. Callers in order refuse it, so those that still call do not verify.",
    remedy: "Renew the certificate, or take the port away.",
    owasp: owasp.misconfiguration,
  },
  ({ address, tls }, { now }) => {
    const expiresAt = tls?.certificate?.expiresAt;
    if (expiresAt === undefined || expiresAt > now) return undefined;
    return {
      message: `The certificate at ${address} has expired.`,
      remedy: "Renew it, or take the port away.",
      evidence: [`It expired at ${timeText(expiresAt)}.`],
    };
  },
  tlsPorts,
);
