import type { Clock } from "@interlock/bot";
import { refuseRevoked } from "../revocations/refuse-revoked.js";
import type { CertificateRow, LineageRow } from "../store/schema.js";
import type { Records, Store } from "../store/store.js";
import { judgeUse, markSeen, type Use } from "./lineage.js";
import { type CertificateHolder, type CloneAlarm, cloneDetected, revokeClone } from "./revoke-clone.js";

/** The record of which certificates have been used. */
export interface CertificateUse {
  /**
   * Records a call over a certificate. Resolves once its first use is on the disk. Rejects with `CLONE_DETECTED` when the
   * certificate is a copy's; see `judgeUse`. Then the bot is revoked, with an alarm.
   */
  record(holder: CertificateHolder): Promise<void>;
}

/** What the record works with. */
export interface CertificateUseOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly alarm: CloneAlarm;
}

/**
 * Creates the record. Each call looks the certificate up, because another authority may have seen a later one; only the
 * first use of a certificate is written.
 */
export function createCertificateUse({ store, clock, alarm }: CertificateUseOptions): CertificateUse {
  async function judge(records: Records, holder: CertificateHolder): Promise<Use> {
    const found = await descentOf(records, holder.certificate.serial);
    const use = found ? judgeUse(found.lineage, found.certificate) : "known";
    if (found && use === "first") await markSeen(records, found.lineage, found.certificate);
    if (use === "cloned") {
      await refuseRevoked(records, holder.spiffeId);
      await revokeClone(
        records,
        holder,
        "a certificate that had been renewed twice before was used again",
        clock.now(),
      );
    }
    return use;
  }

  return {
    async record(holder) {
      const found = await descentOf(store, holder.certificate.serial);
      if (!found || judgeUse(found.lineage, found.certificate) === "known") return;
      // Judged again where nothing else is written meanwhile. The revocation has to stay, so it commits.
      if ((await store.transaction((records) => judge(records, holder))) !== "cloned") return;
      alarm(holder);
      throw cloneDetected(holder.spiffeId);
    },
  };
}

async function descentOf(
  { certificates }: Pick<Records, "certificates">,
  serial: string,
): Promise<{ certificate: CertificateRow; lineage: LineageRow } | undefined> {
  const certificate = await certificates.find(serial);
  const lineage = certificate && (await certificates.lineage(certificate.name));
  return lineage && { certificate, lineage };
}
