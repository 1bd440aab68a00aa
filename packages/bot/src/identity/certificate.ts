import { createHash, X509Certificate } from "node:crypto";
import { bitsOf, type DerElement, type DerFields, isTrue, listOf, oidOf, readDer, readSequence, tags } from "./der.js";
import { isStrongKey, isStrongSignature } from "./strength.js";

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
  /** The number of CAs that may stand between it and a leaf, those that issue themselves left out; infinite without a bound. */
  readonly pathLength: number;
  /** Whether its key usage says that it may sign certificates or revocation lists. */
  readonly maySign: boolean;
  /** Whether its key may sign certificates: the key usage says so, or is absent (RFC 5280, section 4.2.1.3). */
  readonly mayIssue: boolean;
  /** Whether its key may sign a handshake: the key usage says so, or is absent. */
  readonly mayAuthenticate: boolean;
  /** Whether its key is strong enough; see `isStrongKey`. */
  readonly strongKey: boolean;
  /** Whether the signature on it is strong enough; see `isStrongSignature`. Of no concern in a root, which is not proved by it. */
  readonly strongSignature: boolean;
  /** Whether its subject is its issuer. */
  readonly selfIssued: boolean;
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

// Of the first eight bits of the key usage (RFC 5280, section 4.2.1.3).
const [digitalSignature, keyCertSign, cRLSign] = [0b1000_0000, 0b0000_0100, 0b0000_0010];

const unbounded = Number.POSITIVE_INFINITY;

/** Reads a certificate from DER. Throws an `Error` when it is malformed, or of another version than 3. */
export function parseCertificate(der: Uint8Array): Certificate {
  const bytes = Uint8Array.from(der); // A copy, so that a later change of `der` changes nothing here.
  const [signed] = listOf(readDer(bytes));
  const { serial, validity, algorithm, issuer, subject, key, list } = readSequence(signed, readSigned);
  // OpenSSL reads the rest: names, key, algorithms. Node makes it look for PEM first, and it finds PEM anywhere, even in an
  // extension; it has then read another certificate.
  if (!new X509Certificate(bytes).raw.equals(bytes)) throw new Error("the certificate has another one in it");
  const extensions = readExtensions(list);
  const read = <T>(id: string, reader: (value: DerElement) => T, absent: T): T => {
    const value = extensions.get(id);
    return value ? reader(value) : absent;
  };
  const keyUsage = read<number | undefined>("2.5.29.15", keyUsageOf, undefined);
  const { ca, pathLength } = read("2.5.29.19", readConstraints, { ca: false, pathLength: unbounded });
  return {
    der: bytes,
    thumbprint: createHash("sha256").update(bytes).digest("base64url"),
    serial: Buffer.from(serial.content)
      .toString("hex")
      .replace(/^0+(?=.)/, ""),
    ...validity,
    uris: read("2.5.29.17", urisOf, []),
    isCa: ca,
    pathLength,
    maySign: ((keyUsage ?? 0) & (keyCertSign | cRLSign)) !== 0,
    mayIssue: keyUsage === undefined || (keyUsage & keyCertSign) !== 0,
    mayAuthenticate: keyUsage === undefined || (keyUsage & digitalSignature) !== 0,
    strongKey: isStrongKey(key),
    strongSignature: isStrongSignature(algorithm),
    selfIssued: Buffer.compare(issuer.content, subject.content) === 0,
    usages: read("2.5.29.37", usagesOf, []),
  };
}

/** Reads the signed part of a certificate (`TBSCertificate`). */
function readSigned({ next, optional }: DerFields) {
  const version = optional(versionTag);
  if (!version || !version3.equals(version.content)) throw new Error("the certificate is not of version 3");
  const serial = next(tags.integer);
  const algorithm = next(tags.sequence);
  const issuer = next(tags.sequence);
  const validity = readSequence(next(tags.sequence), readValidity);
  const subject = next(tags.sequence);
  const key = next(tags.sequence);
  optional(issuerIdTag);
  optional(subjectIdTag);
  return { serial, validity, algorithm, issuer, subject, key, list: optional(extensionsTag)?.children[0] };
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

function readConstraints(value: DerElement): { ca: boolean; pathLength: number } {
  return readSequence(value, ({ optional }) => {
    // DER leaves a FALSE out. Some CAs write it, and every reader takes it for the same.
    const ca = isTrue(optional(tags.boolean));
    const length = optional(tags.integer);
    return { ca, pathLength: length ? naturalOf(length) : unbounded };
  });
}

function naturalOf({ content }: DerElement): number {
  if (((content[0] ?? 0x80) & 0x80) !== 0) throw new Error("the path length in the certificate is negative");
  return Number(BigInt(`0x${Buffer.from(content).toString("hex")}`));
}

function keyUsageOf(value: DerElement): number {
  const [first = 0] = bitsOf(value);
  return first;
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
