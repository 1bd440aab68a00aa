import { silentLog } from "@interlock/bot";
import { type CertificateAuthority, openCertificateAuthority } from "../ca/certificate-authority.js";
import type { KeyPlace } from "../key-vault/key-place.js";
import type { KeyVault } from "../key-vault/key-vault.js";
import type { Store } from "../store/store.js";

const hour = 3_600_000;

/** Creates a place for private keys in memory. */
export function keysInMemory(): KeyPlace {
  const texts = new Map<string, string>();
  return {
    read: async (name) => texts.get(name),
    write: async (name, text) => void texts.set(name, text),
    remove: async (name) => void texts.delete(name),
    names: async () => [...texts.keys()].sort(),
    describe: (name) => name,
  };
}

/** Opens the CA of a test's store, with the trust domain `cafe`, leaves of one hour, and a clock fixed at `now`. */
export async function openTestCa(store: Store, keys: KeyVault, now: number): Promise<CertificateAuthority> {
  if (!(await store.fleet.get())) await store.fleet.create("cafe", now);
  return openCertificateAuthority({
    store,
    keys,
    trustDomain: "cafe",
    leafTtl: { leafTtlMs: hour, leafTtlsMs: {} },
    clock: { now: () => now },
    log: silentLog,
    self: "spiffe://cafe/interlock/authority",
  });
}
