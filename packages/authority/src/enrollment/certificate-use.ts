import type { Store } from "../store/store.js";
import { markSeen } from "./lineage.js";

/** Which certificates have been seen in use. */
export interface CertificateUse {
  /** A call has come over the certificate with this serial number. On the disk when this resolves. */
  record(serial: string): Promise<void>;
}

const maximumRemembered = 100_000;

/** Records certificateUse; of each certificate the first one only, as far as this process remembers. */
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
