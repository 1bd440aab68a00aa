import { X509Certificate as NodeCertificate } from "node:crypto";
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

/** Reads a certificate from DER. Throws an `Error` when it is malformed. */
export function parseCertificate(der: Uint8Array): Certificate {
  const bytes = Uint8Array.from(der); // Its own copy: the parser keeps views on it.
  const parsed = new X509Certificate(bytes);
  const node = new NodeCertificate(bytes);
  const san = only(parsed, SubjectAlternativeNameExtension);
  const keyUsage = only(parsed, KeyUsagesExtension)?.usages ?? 0;
  return {
    der: bytes,
    thumbprint: Buffer.from(node.fingerprint256.replaceAll(":", ""), "hex").toString("base64url"),
    serial: node.serialNumber.toLowerCase().replace(/^0+(?=.)/, ""),
    notBefore: parsed.notBefore.getTime(),
    notAfter: parsed.notAfter.getTime(),
    uris: san?.names.items.filter((name) => name.type === "url").map((name) => name.value) ?? [],
    isCa: only(parsed, BasicConstraintsExtension)?.ca ?? false,
    maySign: (keyUsage & (KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)) !== 0,
    usages: only(parsed, ExtendedKeyUsageExtension)?.usages.map(String) ?? [],
  };
}

// RFC 5280, section 4.2: a certificate must not include more than one instance of an extension.
function only<T extends object>(certificate: X509Certificate, type: new (...args: never[]) => T): T | undefined {
  const found = certificate.extensions.filter((extension) => (extension as object) instanceof type);
  if (found.length > 1) throw new Error("an extension stands in the certificate twice");
  return found[0] as T | undefined;
}
