import type { Store } from "../store/store.js";
import { markSeen } from "./lineage.js";

/** The record of which certificates have been used. */
export interface CertificateUse {
  /** Records a call over the certificate with this serial number. Resolves once that is on the disk. */
  record(serial: string): Promise<void>;
}

/** The maximum number of serial numbers in memory. */
const maximumRemembered = 100_000;

/** Creates the record. It writes only the first use of each certificate that this process remembers. */
export function createCertificateUse(store: Store): CertificateUse {
  const known = new Set<string>();
  return {
    async record(serial) {
      if (known.has(serial)) return;
      await store.transaction((records) => markSeen(records, serial));
      if (known.size >= maximumRemembered) known.clear();
      known.add(serial);
    },
  };
}
