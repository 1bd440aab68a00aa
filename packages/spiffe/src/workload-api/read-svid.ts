import { createPrivateKey, type KeyObject } from "node:crypto";
import {
  type CheckedIdentity,
  checkIdentity,
  type IdentityWithRoots,
  maximumChain,
  maximumRoots,
} from "@interlock/bot/internal";
import type { X509SVID } from "../gen/spiffe/workload/workload.js";
import { splitDer } from "./split-der.js";

const names = { certificate: "the X.509-SVID", key: "the private key", ca: "the bundle" } as const;

/**
 * Reads an X.509-SVID with the bundle of its own trust domain, and checks both as every peer will. Rejects with an `Error` that
 * says what is wrong.
 *
 * @param known - The identity that was good before.
 */
export async function readSvid(svid: X509SVID, now: number, known?: IdentityWithRoots): Promise<CheckedIdentity> {
  const chain = split(svid.x509Svid, maximumChain, names.certificate);
  // In an order of their own: one in which an agent happens to list them is no change.
  const roots = distinct(split(svid.bundle, maximumRoots, names.ca));
  const checked = await checkIdentity({ chain, key: readKey(svid.x509SvidKey), roots }, names, now, known);
  const { uri } = checked.identity.spiffeId;
  if (uri !== svid.spiffeId) throw new Error(`${names.certificate} is of ${uri}, and comes as another identity's`);
  return checked;
}

function split(bytes: Uint8Array, maximum: number, name: string): Uint8Array[] {
  try {
    return splitDer(bytes, maximum);
  } catch (error) {
    throw new Error(`${name} ${(error as Error).message}`);
  }
}

function readKey(bytes: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(bytes), format: "der", type: "pkcs8" });
  } catch {
    throw new Error(`${names.key} is not PKCS #8 in DER`); // Without the cause: it may quote the key.
  }
}

function distinct(certificates: readonly Uint8Array[]): Uint8Array[] {
  const sorted = certificates.toSorted(Buffer.compare);
  return sorted.filter((der, i) => i === 0 || Buffer.compare(der, sorted[i - 1] as Uint8Array) !== 0);
}
