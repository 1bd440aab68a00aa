import { reasons } from "@interlock/bot";
import { checkIssuers, parseCertificate } from "@interlock/bot/internal";
import { maximumBundleCas, maximumBundleKeys, maximumCaBytes } from "./trust-bundle.js";
import { unusableBundle } from "./unusable-bundle.js";

/** The CAs of a bundle. */
export interface BundleCas {
  /** DER, each of them once. */
  readonly caCertificates: readonly Uint8Array[];
  /** Why a key of a CA was left out, a line for each. They hold nothing of the document. */
  readonly ignored: readonly string[];
}

/** The types of keys that a CA can have (RFC 7518, section 6.1; RFC 8037, section 2). A key of another type is ignored. */
const keyTypes: readonly unknown[] = ["EC", "RSA", "OKP"];

/**
 * Reads the CA certificates among the keys of a bundle (X.509-SVID, section 6.2). Keys of any other use are ignored: a foreign key
 * for tokens is never a token key of this fleet. A CA certificate that is expired, weak, no CA's or of another trust domain is
 * left out.
 *
 * @throws InterlockError `INVALID_ARGUMENT` where there are too many. To take a part of them would break the next change of CA.
 */
export function readBundleKeys(keys: readonly unknown[], trustDomain: string, now: number): BundleCas {
  if (keys.length > maximumBundleKeys) throw unusableBundle(`it has more than ${maximumBundleKeys} keys`);
  const found = new Map<string, Uint8Array>();
  const ignored: string[] = [];
  for (const [i, key] of keys.entries()) {
    if (!isForCertificates(key)) continue;
    const ca = readCa(key.x5c, trustDomain, now);
    if (typeof ca === "string") ignored.push(`key ${i + 1}: ${ca}`);
    else found.set(Buffer.from(ca).toString("latin1"), ca);
  }
  const caCertificates = [...found.values()];
  if (caCertificates.length > maximumBundleCas) {
    throw unusableBundle(`it has more than ${maximumBundleCas} CA certificates`);
  }
  if (caCertificates.reduce((sum, { length }) => sum + length, 0) > maximumCaBytes) {
    throw unusableBundle(`its CA certificates have more than ${maximumCaBytes} bytes`);
  }
  return { caCertificates, ignored };
}

// Trust Domain and Bundle, section 4.2: a key without `use` or of an unknown one is ignored, and so is one of an unknown type.
function isForCertificates(key: unknown): key is { readonly x5c?: unknown } {
  if (typeof key !== "object" || key === null) return false;
  const { use, kty } = key as { readonly use?: unknown; readonly kty?: unknown };
  return use === "x509-svid" && keyTypes.includes(kty);
}

/** Gives the CA certificate, DER, or why there is none. */
function readCa(x5c: unknown, trustDomain: string, now: number): Uint8Array | string {
  // Section 6.2 of X.509-SVID: whatever follows the first one is ignored.
  const der = Array.isArray(x5c) ? bytesOf(x5c[0]) : undefined;
  if (!der) return "its x5c holds no certificate in base64";
  // The same as for every chain that will end in it. This reads all of it, and refuses keys that TLS does not survive.
  const fault = checkIssuers([der], trustDomain);
  if (fault !== undefined) return reasons[fault][1];
  const { notAfter } = parseCertificate(der);
  // One that begins in the future is prepared for, and kept.
  return now < notAfter ? der : "it has expired";
}

// RFC 7517, section 4.7: base64, and not base64url. `Buffer` takes anything.
function bytesOf(text: unknown): Uint8Array | undefined {
  if (typeof text !== "string" || text === "") return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? Uint8Array.from(bytes) : undefined;
}
