import { SubjectKeyIdentifierExtension, X509Certificate } from "../ca/x509.js";

/** What TLS looks for a CA by. */
interface Face {
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
 */
export function findLookAlike(given: readonly Uint8Array[], known: readonly Uint8Array[]): Uint8Array | undefined {
  const others = new Map<string, Face[]>();
  for (const face of known.map(faceOf)) others.set(face.name, [...(others.get(face.name) ?? []), face]);
  return given
    .map(faceOf)
    .find(({ der, name, key }) =>
      others
        .get(name)
        ?.some(
          (other) =>
            Buffer.compare(der, other.der) !== 0 && (key === undefined || other.key === undefined || key === other.key),
        ),
    )?.der;
}

function faceOf(der: Uint8Array): Face {
  const certificate = new X509Certificate(Uint8Array.from(der));
  return {
    der,
    // TLS compares names without regard to case and the number of spaces (RFC 5280, section 7.1).
    name: certificate.subject.toLowerCase().replace(/\s+/g, " ").trim(),
    key: certificate.getExtension(SubjectKeyIdentifierExtension)?.keyId,
  };
}
