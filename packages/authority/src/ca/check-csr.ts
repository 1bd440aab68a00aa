import { denial, readDer } from "@interlock/bot/internal";
import { ExtensionsAttribute, Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from "./x509.js";

/** The maximum length of a certificate request, in bytes. */
export const maximumCsrLength = 8_192;

const extensionRequest = "1.2.840.113549.1.9.14";
const subjectAlternativeName = "2.5.29.17";

// SubjectPublicKeyInfo of an uncompressed P-256 point (RFC 5480, section 2): the same 27 bytes, then 64 of the point.
const p256Prefix = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d03010703420004", "hex");

/**
 * Checks a PKCS #10 certificate request (RFC 2986) and returns its public key (SubjectPublicKeyInfo, DER). The request
 * must ask for the SPIFFE ID `expected` as its only subject alternative name, and for nothing else; have a P-256 key;
 * and be signed with that key. Its subject is ignored: the authority decides the contents of certificates.
 *
 * Rejects with `CSR_REJECTED`, which says what is wrong and what to send.
 */
export async function checkCsr(der: Uint8Array, expected: string): Promise<Uint8Array> {
  if (der.length > maximumCsrLength) throw rejected(`it is longer than ${maximumCsrLength} bytes`);
  checkForm(der);
  try {
    const request = new Pkcs10CertificateRequest(Uint8Array.from(der));
    const key = checkKey(new Uint8Array(request.publicKey.rawData));
    checkRequested(request, expected);
    await checkSignature(request);
    return key;
  } catch (error) {
    if (error instanceof Error && error.name === "InterlockError") throw error;
    throw rejected("it cannot be read", error);
  }
}

function checkKey(spki: Uint8Array): Uint8Array {
  if (spki.length !== p256Prefix.length + 64 || !p256Prefix.equals(spki.subarray(0, p256Prefix.length))) {
    throw rejected("its key is not a P-256 elliptic curve key; create one, and a new request");
  }
  return spki;
}

function checkRequested({ attributes }: Pkcs10CertificateRequest, expected: string): void {
  const [attribute] = attributes;
  if (attributes.length !== 1 || attribute?.type !== extensionRequest || !(attribute instanceof ExtensionsAttribute)) {
    throw rejected("it must have exactly one attribute, which requests the subject alternative name");
  }
  const other = attribute.items.find((extension) => extension.type !== subjectAlternativeName);
  if (other) throw rejected(`it asks for the extension ${other.type}; leave that to the authority`);
  const [san] = attribute.items;
  if (attribute.items.length !== 1 || !san) throw rejected("it must ask for exactly one subject alternative name");
  // Compared as bytes, without interpretation: exactly that one URI and no other name.
  const wanted = new SubjectAlternativeNameExtension([{ type: "url", value: expected }]);
  if (!Buffer.from(san.value).equals(Buffer.from(wanted.value))) {
    throw rejected(`its only subject alternative name must be the URI ${expected}`);
  }
}

async function checkSignature(request: Pkcs10CertificateRequest): Promise<void> {
  const { name, hash } = request.signatureAlgorithm as { name: string; hash?: { name: string } };
  if (name !== "ECDSA" || hash?.name !== "SHA-256") throw rejected("it is not signed with ECDSA and SHA-256");
  if (!(await request.verify())) throw rejected("its signature does not match its key");
}

// Strict DER: parsers cannot disagree about the contents. This also refuses PEM, which the X.509 library would accept.
function checkForm(der: Uint8Array): void {
  try {
    readDer(der);
  } catch (error) {
    throw rejected("it is not a single PKCS #10 request in DER", error);
  }
}

function rejected(detail: string, cause?: unknown): Error {
  return denial("CSR_REJECTED", detail, {}, cause);
}
