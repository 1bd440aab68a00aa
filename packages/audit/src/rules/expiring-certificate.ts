import { isInterlock, isPerson } from "../facts/names.js";
import { placeOfPort } from "../facts/port-place.js";
import { tlsPorts } from "../facts/ports.js";
import { onlineProcesses } from "../facts/reported.js";
import { dayMs } from "../facts/window.js";
import type { Found } from "../finding.js";
import type { Fleet } from "../inputs/fleet.js";
import type { AuditInputs } from "../inputs/inputs.js";
import { owasp } from "../owasp.js";
import type { Rule } from "../rule.js";
import { spanText, timeText } from "../text.js";

/** Of its lifetime, what is left when a certificate is late in its renewal. A bot renews at half of it, ±10 %. */
const lateShare = 0.25;

/** A certificate of long life is late when less than this is left. */
const lateMs = 14 * dayMs;

/** A certificate of unknown lifetime with a SPIFFE ID is late when less than this is left: they live an hour or so. */
const lateShortMs = 5 * 60_000;

/** A certificate that is late in its renewal, and in use. */
export const expiringCertificate: Rule = {
  id: "expiring-certificate",
  severity: "high",
  title: "A certificate in use is late in its renewal",
  description:
    "A running bot, or a scanned port, uses a certificate with less than a quarter of its lifetime left, or less than 14 days. Bots renew at half the lifetime, so renewal fails; when the certificate expires, the bot falls out of the fleet.",
  remedy: "Find out in the bot's log why renewal fails, and mend it.",
  owasp: owasp.authentication,
  needs: [],
  find: (inputs) => [...ofBots(inputs), ...ofPorts(inputs)],
};

function ofBots({ now, fleet }: AuditInputs): Found[] {
  if (!fleet) return [];
  const seenAt = new Map<string, number>();
  for (const { bot, lastSeenAt } of onlineProcesses(fleet)) seenAt.set(bot, Math.max(lastSeenAt, seenAt.get(bot) ?? 0));
  return fleet.bots.flatMap(({ name, certificateIssuedAt, certificateExpiresAt, retiredAt, revokedAt }) => {
    const at = seenAt.get(name);
    if (at === undefined || isPerson(name) || isInterlock(name)) return [];
    if (certificateExpiresAt === undefined || retiredAt !== undefined || revokedAt !== undefined) return [];
    // Judged as of its last sign of life: a bot that was killed since then does not renew.
    if (!isLate(at, certificateExpiresAt, certificateIssuedAt, true)) return [];
    const issued = certificateIssuedAt === undefined ? "" : ` at ${timeText(certificateIssuedAt)}`;
    return [found(name, now, certificateExpiresAt, `The authority issued it${issued}, and no later one.`)];
  });
}

function ofPorts(inputs: AuditInputs): Found[] {
  const { now, fleet } = inputs;
  return tlsPorts(inputs).flatMap((port) => {
    const { spiffeId, expiresAt = 0, issuedAt } = port.tls?.certificate ?? {};
    // The authority's record of a bot that has joined is exact, and judged above.
    if (expiresAt <= now || (fleet && isEnrolled(fleet, spiffeId))) return [];
    if (!isLate(now, expiresAt, issuedAt, spiffeId !== undefined)) return [];
    return [
      { ...found(port.address, now, expiresAt, `It is shown at ${port.address}.`), place: placeOfPort(inputs, port) },
    ];
  });
}

function isLate(now: number, expiresAt: number, issuedAt: number | undefined, isShort: boolean): boolean {
  const left = expiresAt - now;
  if (issuedAt === undefined) return left < (isShort ? lateShortMs : lateMs);
  return left < Math.min(lateMs, lateShare * (expiresAt - issuedAt));
}

function isEnrolled({ bots, trustDomain }: Fleet, spiffeId: string | undefined): boolean {
  return bots.some(({ name, joinedAt }) => joinedAt !== undefined && `spiffe://${trustDomain}/${name}` === spiffeId);
}

function found(subject: string, now: number, expiresAt: number, fact: string): Found {
  const left = expiresAt - now;
  return {
    subject,
    message:
      left > 0
        ? `The certificate of ${subject} expires in ${spanText(left)}, and should have been renewed.`
        : `The certificate of ${subject} has expired, and the bot still runs.`,
    evidence: [fact, `It expires at ${timeText(expiresAt)}.`],
    remedy: "Find out in the bot's log why renewal fails, and mend it.",
    command: "interlock bots",
  };
}
