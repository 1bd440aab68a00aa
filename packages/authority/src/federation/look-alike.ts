import { X509Certificate as NodeCertificate } from "node:crypto";
import { SubjectKeyIdentifierExtension, X509Certificate } from "../ca/x509.js";

/** What TLS looks for a CA by. */
interface Issuer {
  readonly der: Uint8Array;
  readonly name: string;
  /** The identifier of its key; absent for none. */
  readonly key: string | undefined;
}

/**
 * Finds a CA certificate (DER) that can be taken for a known one. TLS looks for issuers by their name and the identifier of their key
 * (RFC 5280, sections 4.1.2.4 and 4.2.1.2), and tries no second one: a CA of another trust domain under the name of one of ours would
 * keep our own bots out. Many CAs of SPIRE have the same name, and are told apart by their keys. The same certificate is none that it
 * could be taken for.
 *
 * The identifier of another key is reason enough, whatever the name: names are the same in many spellings, identifiers in one. And it
 * tells CAs apart only where what they have issued names it (section 4.2.1.1), which an imported intermediate may not: so TLS itself is
 * asked whether it would take a CA for the issuer of a known intermediate.
 */
export function findLookAlike(given: readonly Uint8Array[], known: readonly Uint8Array[]): Uint8Array | undefined {
  const [byName, byKey] = [new Map<string, Issuer[]>(), new Map<string, Issuer[]>()];
  for (const issuer of known.map(issuerOf)) {
    byName.set(issuer.name, [...(byName.get(issuer.name) ?? []), issuer]);
    if (issuer.key !== undefined) byKey.set(issuer.key, [...(byKey.get(issuer.key) ?? []), issuer]);
  }
  const below = known.map((der) => new NodeCertificate(der)).filter((one) => !one.checkIssued(one));
  return given.map(issuerOf).find((issuer) => {
    const { der, name, key } = issuer;
    const named = (byName.get(name) ?? []).filter((other) => key === undefined || other.key === undefined);
    const keyed = key === undefined ? [] : (byKey.get(key) ?? []);
    if ([...named, ...keyed].some((other) => Buffer.compare(der, other.der) !== 0)) return true;
    if (known.some((other) => Buffer.compare(der, other) === 0)) return false;
    const certificate = new NodeCertificate(der);
    return below.some((issued) => issued.checkIssued(certificate));
  })?.der;
}

function issuerOf(der: Uint8Array): Issuer {
  const certificate = new X509Certificate(Uint8Array.from(der));
  return {
    der,
    name: nameOf(certificate),
    key: certificate.getExtension(SubjectKeyIdentifierExtension)?.keyId,
  };
}

/**
 * A name as TLS compares it: without regard to case, to spaces around a value, to their number within, and to the order of values that
 * belong together (RFC 5280, section 7.1).
 */
function nameOf({ subjectName }: X509Certificate): string {
  const parts = subjectName.toJSON().map((part) => Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = JSON.stringify(parts, (_key, value) =>
    typeof value === "string" ? value.toLowerCase().replace(/\s+/g, " ").trim() : value,
  );
  return text.toLowerCase();
}
