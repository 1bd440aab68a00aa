import { portRule } from "../facts/port-rule.js";
import { tlsPorts } from "../facts/ports.js";
import { owasp } from "../owasp.js";

/** Versions of TLS that RFC 8996 has withdrawn, and SSL. */
const withdrawn = /^(SSL|TLSv1(\.[01])?$)/;

/** A port that accepts a version of TLS that is withdrawn. */
export const oldTls = portRule(
  {
    id: "old-tls",
    severity: "high",
    title: "A port accepts TLS 1.0 or 1.1",
    description:
      "RFC 8996 has withdrawn TLS 1.0 and 1.1. An attacker in the middle chooses the weakest version that both ends accept.",
    remedy: "Accept TLS 1.2 and later only.",
    owasp: owasp.misconfiguration,
  },
  ({ address, tls }) => {
    const old = (tls?.versions ?? []).filter((version) => withdrawn.test(version));
    if (old.length === 0) return undefined;
    return {
      message: `${address} accepts ${old.join(" and ")}.`,
      evidence: [`It accepts ${tls?.versions.join(", ")}.`],
    };
  },
  tlsPorts,
);
