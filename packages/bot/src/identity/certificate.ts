import { X509Certificate as NodeCertificate } from "node:crypto";
import { checkDer, contentOf } from "./der.js";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from "./x509.js";

/** What Interlock needs to know of an X.509 certificate, read from its DER and never from a textual form. */
export interface Certificate {
  readonly der: Uint8Array;
  /** SHA-256 over the DER, base64url: the value of `cnf.x5t#S256` (RFC 8705, section 3.1). */
  readonly thumbprint: string;
  /** Lower-case hex, without leading zeros. */
  readonly serial: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Every URI among the subject alternative names, in order. */
  readonly uris: readonly string[];
  readonly isCa: boolean;
  /** May sign certificates or revocation lists. */
  readonly maySign: boolean;
  /** Object identifiers of the extended key usage; empty when the extension is absent. */
  readonly usages: readonly string[];
}

// `Version` 3 as it stands at the head of what is signed (RFC 5280, section 4.1.2.1): no other has extensions.
const version3 = Buffer.of(0xa0, 3, 2, 1, 2);

// Extensions that are heeded, here or by TLS when it verifies a chain. A critical one besides these is to be refused
// (RFC 5280, section 4.2).
const heeded = new Set(["19", "15", "37", "17", "30", "32", "36", "54"].map((last) => `2.5.29.${last}`));

/** Reads a certificate from DER. Throws an `Error` when it is malformed, or of another version than 3. */
export function parseCertificate(der: Uint8Array): Certificate {
  const bytes = Uint8Array.from(der); // Its own copy: the parser keeps views on it.
  checkDer(bytes);
  if (!version3.equals(contentOf(contentOf(bytes)).subarray(0, version3.length))) {
    throw new Error("the certificate is not of version 3");
  }
  const parsed = new X509Certificate(bytes);
  const node = new NodeCertificate(bytes);
  checkExtensions(parsed);
  const san = only(parsed, SubjectAlternativeNameExtension);
  const keyUsage = only(parsed, KeyUsagesExtension)?.usages ?? 0;
  return {
    der: bytes,
    thumbprint: Buffer.from(node.fingerprint256.replaceAll(":", ""), "hex").toString("base64url"),
    serial: node.serialNumber.toLowerCase().replace(/^0+(?=.)/, ""),
    notBefore: timeOf(node.validFrom),
    notAfter: timeOf(node.validTo),
    uris: san?.names.items.filter((name) => name.type === "url").map((name) => name.value) ?? [],
    isCa: only(parsed, BasicConstraintsExtension)?.ca ?? false,
    maySign: (keyUsage & (KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)) !== 0,
    usages: only(parsed, ExtendedKeyUsageExtension)?.usages.map(String) ?? [],
  };
}

function checkExtensions({ extensions }: X509Certificate): void {
  const types = extensions.map(({ type }) => type);
  // RFC 5280, section 4.2: a certificate must not include more than one instance of an extension.
  if (new Set(types).size < types.length) throw new Error("an extension stands in the certificate twice");
  const unknown = extensions.find(({ type, critical }) => critical && !heeded.has(type));
  if (unknown) throw new Error(`the certificate has the critical extension ${unknown.type}, which is not known here`);
}

function only<T extends object>(certificate: X509Certificate, type: new (...args: never[]) => T): T | undefined {
  const found = certificate.extensions.find((extension) => (extension as object) instanceof type);
  if (found) checkDer(new Uint8Array(found.value));
  return found as T | undefined;
}

// As OpenSSL prints it; where it cannot read a time, it says so in words, and nothing compares with what comes of that.
function timeOf(printed: string): number {
  const time = Date.parse(printed);
  if (Number.isNaN(time)) throw new Error("the certificate's validity cannot be read");
  return time;
}
