import type { InterlockError, Log } from "@interlock/bot";
import { denial } from "@interlock/bot/internal";
import type { SpiffeId } from "@interlock/policy";
import type { Records } from "../store/store.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";

/** A bot with the certificate that it shows. */
export interface CertificateHolder {
  readonly spiffeId: SpiffeId;
  readonly certificate: { readonly serial: string };
  /** `host:port` of the bot, if it is known. */
  readonly address?: string;
}

/** Revokes a bot whose identity is in two hands, and records that. The trust hub has to be refreshed afterwards. */
export async function revokeClone(
  { revocations, fleet, auditLog }: Pick<Records, "revocations" | "fleet" | "auditLog">,
  { spiffeId: { uri }, certificate: { serial } }: CertificateHolder,
  found: string,
  now: number,
): Promise<void> {
  const trustVersion = await fleet.nextTrustVersion();
  const reason = `clone detected: ${found}`;
  await revocations.add({ kind: "identity", subject: uri, revokedAt: now, reason, trustVersion });
  await auditLog.append({ at: now, kind: "clone", actor: uri, subject: uri, details: { serial, trustVersion } });
}

/** Makes the refusal of a bot whose identity is in two hands. */
export function cloneDetected({ name }: SpiffeId): InterlockError {
  return denial(
    "CLONE_DETECTED",
    `both are revoked: find the copy, then run "interlock unrevoke ${name}" and "interlock invite ${name}"`,
  );
}

/** Raises the alarm for a bot that has been revoked as a clone, and tells every bot of the revocation. */
export type CloneAlarm = (holder: CertificateHolder) => void;

/** Creates the alarm. */
export function createCloneAlarm(hub: Pick<TrustHub, "refresh">, log: Log): CloneAlarm {
  return ({ spiffeId: { name }, certificate: { serial }, address }) => {
    log.error("clone detected, bot revoked", { name, address, serial });
    // After the answer, because the refresh ends every connection of that bot.
    setImmediate(() => {
      hub.refresh().catch((cause) => log.error("trust not refreshed", { error: String(cause) }));
    });
  };
}
