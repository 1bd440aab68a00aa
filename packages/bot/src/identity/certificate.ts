import { createHash, X509Certificate } from "node:crypto";
import { bitsOf, type DerElement, type DerFields, isTrue, listOf, oidOf, readDer, readSequence, tags } from "./der.js";

/** The parts of an X.509 certificate that Interlock decides by, read from its DER and never from a textual form. */
export interface Certificate {
  /** The whole certificate, DER. */
  readonly der: Uint8Array;
  /** The SHA-256 of the DER, base64url: the value of `cnf.x5t#S256` (RFC 8705, section 3.1). */
  readonly thumbprint: string;
  /** The serial number in lower-case hex, without leading zeros. */
  readonly serial: string;
  /** The start of its validity, in milliseconds since the epoch. */
  readonly notBefore: number;
  /** The end of its validity, in milliseconds since the epoch. */
  readonly notAfter: number;
  /** Every URI among the subject alternative names, in order. */
  readonly uris: readonly string[];
  /** Whether the basic constraints say that it is a CA. */
  readonly isCa: boolean;
  /** Whether its key usage lets it sign certificates or revocation lists. */
  readonly maySign: boolean;
  /** The object identifiers of the extended key usage; empty when the extension is absent. */
  readonly usages: readonly string[];
}

// `Version` 3 (RFC 5280, section 4.1.2.1): no other version has extensions.
const version3 = Buffer.of(tags.integer, 1, 2);
const [versionTag, issuerIdTag, subjectIdTag, extensionsTag] = [0xa0, 0x81, 0x82, 0xa3];

// The prefix of the extensions of RFC 5280, section 4.2.1, and those of them that are processed, here or by TLS when it
// verifies a chain. Any other critical extension has to be refused (section 4.2).
const standard = "2.5.29.";
const processed = new Set(["19", "15", "37", "17", "30", "32", "36", "54"].map((last) => standard + last));

// The kinds of names (RFC 5280, section 4.2.1.6), by their tags, and the kind that is read.
const nameTags = new Set([0xa0, 0x81, 0x82, 0xa3, 0xa4, 0xa5, 0x86, 0x87, 0x88]);
const uriTag = 0x86;

// keyCertSign and cRLSign, of the first eight bits (RFC 5280, section 4.2.1.3).
const signing = 0b0000_0110;

/** Reads a certificate from DER. Throws an `Error` when it is malformed, or of another version than 3. */
export function parseCertificate(der: Uint8Array): Certificate {
  const bytes = Uint8Array.from(der); // A copy, so that a later change of `der` changes nothing here.
  const [signed] = listOf(readDer(bytes));
  const { serial, validity, list } = readSequence(signed, readSigned);
  // OpenSSL reads the rest: names, key, algorithms. Node makes it look for PEM first, and it finds PEM anywhere, even in an
  // extension; it has then read another certificate.
  if (!new X509Certificate(bytes).raw.equals(bytes)) throw new Error("the certificate has another one in it");
  const extensions = readExtensions(list);
  const read = <T>(id: string, reader: (value: DerElement) => T, absent: T): T => {
    const value = extensions.get(id);
    return value ? reader(value) : absent;
  };
  return {
    der: bytes,
    thumbprint: createHash("sha256").update(bytes).digest("base64url"),
    serial: Buffer.from(serial.content)
      .toString("hex")
      .replace(/^0+(?=.)/, ""),
    ...validity,
    uris: read("2.5.29.17", urisOf, []),
    isCa: read("2.5.29.19", isCa, false),
    maySign: read("2.5.29.15", maySign, false),
    usages: read("2.5.29.37", usagesOf, []),
  };
}

/** Reads the signed part of a certificate (`TBSCertificate`). */
function readSigned({ next, optional }: DerFields) {
  const version = optional(versionTag);
  if (!version || !version3.equals(version.content)) throw new Error("the certificate is not of version 3");
  const serial = next(tags.integer);
  next(tags.sequence); // The algorithm of the signature.
  next(tags.sequence); // The issuer.
  const validity = readSequence(next(tags.sequence), readValidity);
  next(tags.sequence); // The subject.
  next(tags.sequence); // Its key.
  optional(issuerIdTag);
  optional(subjectIdTag);
  return { serial, validity, list: optional(extensionsTag)?.children[0] };
}

function readValidity({ next, optional }: DerFields) {
  const time = () => timeOf(optional(tags.utcTime) ?? next(tags.generalizedTime));
  return { notBefore: time(), notAfter: time() };
}

/** Reads the extensions by their object identifiers. The values of the standard's own are DER as well, and are read, too. */
function readExtensions(list: DerElement | undefined): ReadonlyMap<string, DerElement | undefined> {
  const values = new Map<string, DerElement | undefined>();
  for (const extension of list ? listOf(list) : []) {
    const { id, critical, value } = readSequence(extension, ({ next, optional }) => ({
      id: oidOf(next(tags.oid)),
      critical: isTrue(optional(tags.boolean)),
      value: next(tags.octetString).content,
    }));
    // RFC 5280, section 4.2: a certificate must not include more than one instance of an extension.
    if (values.has(id)) throw new Error("an extension stands in the certificate twice");
    if (critical && !processed.has(id))
      throw new Error(`the certificate has the critical extension ${id}, which is not known here`);
    values.set(id, id.startsWith(standard) ? readDer(value) : undefined);
  }
  return values;
}

function urisOf(value: DerElement): string[] {
  const names = listOf(value);
  if (!names.every(({ tag }) => nameTags.has(tag))) throw new Error("a name in the certificate is of no known kind");
  const uris = names.filter(({ tag }) => tag === uriTag).map(({ content }) => Buffer.from(content));
  if (uris.some((uri) => uri.some((byte) => byte > 0x7f))) throw new Error("a URI in the certificate is not ASCII");
  return uris.map((uri) => uri.toString("latin1"));
}

function isCa(value: DerElement): boolean {
  return readSequence(value, ({ optional }) => {
    // DER leaves a FALSE out. Some CAs write it, and every reader takes it for the same.
    const ca = isTrue(optional(tags.boolean));
    optional(tags.integer); // The path length; TLS checks it.
    return ca;
  });
}

function maySign(value: DerElement): boolean {
  const [first = 0] = bitsOf(value);
  return (first & signing) !== 0;
}

function usagesOf(value: DerElement): string[] {
  return listOf(value).map(oidOf);
}

// To the second, in UTC; a UTCTime has two digits of the year, and ends with 2049 (RFC 5280, section 4.1.2.5).
function timeOf({ tag, content }: DerElement): number {
  const digits = Buffer.from(content).toString("latin1");
  const century = tag !== tags.utcTime ? "" : digits < "5" ? "20" : "19";
  const [, year, month, day, ...clock] = /^(....)(..)(..)(..)(..)(..)Z$/.exec(century + digits) ?? [];
  const iso = `${year}-${month}-${day}T${clock.join(":")}.000Z`;
  const time = Date.parse(iso);
  // Writes the time again and compares: the 31st of February would come out as another day.
  if (Number.isNaN(time) || new Date(time).toISOString() !== iso)
    throw new Error("the certificate's validity cannot be read");
  return time;
}
