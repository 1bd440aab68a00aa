import { X509Certificate as NodeCertificate } from "node:crypto";
import { InterlockError, reasons } from "@interlock/bot";
import { checkIssuers } from "@interlock/bot/internal";
import { belongTogether } from "./ca.js";
import { nameConstraintsId, permitsDomain } from "./name-constraints.js";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
} from "./x509.js";

/** The expectations of a CA chain. */
export interface CaExpectation {
  readonly trustDomain: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The trusted roots, DER. A chain may omit its root if it is one of them. */
  readonly roots: readonly Uint8Array[];
}

/** The maximum length of a chain, in certificates, root included. */
export const maximumChainLength = 5;

/** The critical extensions that are accepted; TLS supports them, too. */
const understood = new Set([
  "2.5.29.14", // subject key identifier
  "2.5.29.15", // key usage
  "2.5.29.17", // subject alternative name
  "2.5.29.19", // basic constraints
  nameConstraintsId,
  "2.5.29.32", // certificate policies
  "2.5.29.35", // authority key identifier
  "2.5.29.37", // extended key usage
]);

/**
 * Checks a CA chain, DER, that begins with the certificate that will sign leaves. Each certificate must be a CA, valid
 * now, within the path length and the name constraints of those above it, and signed by the next one; the last one must
 * be a root. The signing certificate must have a P-256 key. Pure. Returns the chain with its root.
 *
 * Throws `INVALID_ARGUMENT` that names the certificate, the fault, and what to do.
 */
export function checkCaChain(given: readonly Uint8Array[], { trustDomain, now, roots }: CaExpectation): Uint8Array[] {
  if (given.length === 0) throw unfit("It has no certificate: give the intermediate first, then its issuers.");
  const chain = withRoot(given, roots);
  if (chain.length > maximumChainLength) throw unfit(`It is longer than ${maximumChainLength} certificates.`);
  const certificates = chain.map(read);
  certificates.forEach((certificate, depth) => {
    const name = `Certificate ${depth + 1} (${certificate.parsed.subject})`;
    const fault =
      faultOf(certificate, depth, now) ??
      constraintFault(certificate, trustDomain) ??
      signatureFault(certificate, certificates[depth + 1] ?? certificate);
    if (fault) throw unfit(`${name} ${fault}.`);
  });
  checkKey(certificates[0] as Read);
  // By the function of the handshake, so that no bot refuses what is taken here.
  const refused = checkIssuers(chain, trustDomain);
  if (refused) throw unfit(`Every bot would refuse a certificate below it: ${reasons[refused][1]}.`);
  return chain;
}

/** Throws `INVALID_ARGUMENT` when a private key (PEM) does not match a certificate (DER), or cannot be read. */
export function checkCaKey(certificate: Uint8Array, privateKeyPem: string): void {
  let fits: boolean;
  try {
    fits = belongTogether(certificate, privateKeyPem);
  } catch {
    throw unfit("The private key cannot be read: give it as unencrypted PKCS #8 in PEM.");
  }
  if (!fits) throw unfit("The private key does not match the first certificate.");
}

interface Read {
  readonly parsed: X509Certificate;
  readonly node: NodeCertificate;
}

function read(der: Uint8Array, index: number): Read {
  try {
    const bytes = Uint8Array.from(der);
    return { parsed: new X509Certificate(bytes), node: new NodeCertificate(bytes) };
  } catch (cause) {
    throw unfit(`Certificate ${index + 1} cannot be read.`, cause);
  }
}

/** Returns the chain with its root, which may be omitted if it is known. */
function withRoot(given: readonly Uint8Array[], roots: readonly Uint8Array[]): Uint8Array[] {
  const last = read(given.at(-1) as Uint8Array, given.length - 1);
  if (isSelfSigned(last)) return [...given];
  const root = roots.find((der) => signatureFault(last, read(der, 0)) === undefined);
  if (root) return [...given, root];
  throw unfit("It does not end in a root: add the certificates up to the self-signed one.");
}

function isSelfSigned({ node }: Read): boolean {
  return node.checkIssued(node);
}

/** Returns the fault of a certificate that has `below` CA certificates under it in the chain. */
function faultOf({ parsed }: Read, below: number, now: number): string | undefined {
  const basic = parsed.getExtension(BasicConstraintsExtension);
  if (!basic?.ca) return "is not a CA: its basic constraints must be CA:TRUE";
  if (basic.pathLength !== undefined && basic.pathLength < below) {
    return `allows ${basic.pathLength} CA certificates below it, but there are ${below}`;
  }
  const usage = parsed.getExtension(KeyUsagesExtension)?.usages;
  // RFC 5280, section 4.2.1.3 requires a key usage in CA certificates. Old roots without one are accepted.
  if (usage === undefined && below === 0) return "has no key usage, which must include keyCertSign";
  if (usage !== undefined && (usage & KeyUsageFlags.keyCertSign) === 0)
    return "may not sign certificates: its key usage lacks keyCertSign";
  const extended = parsed.getExtension(ExtendedKeyUsageExtension)?.usages.map(String);
  if (extended && !serves(extended)) return "has an extended key usage without both TLS clients and TLS servers";
  if (now >= parsed.notAfter.getTime()) return `expired at ${parsed.notAfter.toISOString()}`;
  if (now < parsed.notBefore.getTime()) return `is not valid before ${parsed.notBefore.toISOString()}`;
  const types = parsed.extensions.map(({ type }) => type);
  if (new Set(types).size !== types.length) return "has an extension twice";
  const unknown = parsed.extensions.find(({ critical, type }) => critical && !understood.has(type));
  return unknown && `has the critical extension ${unknown.type}, which TLS does not support`;
}

function serves(usages: readonly string[]): boolean {
  const { clientAuth, serverAuth } = ExtendedKeyUsage;
  const any = "2.5.29.37.0";
  return usages.includes(any) || (usages.includes(clientAuth) && usages.includes(serverAuth));
}

function constraintFault({ parsed }: Read, trustDomain: string): string | undefined {
  const constraints = parsed.extensions.find(({ type }) => type === nameConstraintsId);
  if (!constraints) return undefined;
  let permitted: boolean;
  try {
    permitted = permitsDomain(new Uint8Array(constraints.value), trustDomain);
  } catch {
    return "has name constraints that cannot be read";
  }
  return permitted ? undefined : `has name constraints that do not permit the trust domain "${trustDomain}"`;
}

function signatureFault({ node }: Read, issuer: Read): string | undefined {
  const signed = node.checkIssued(issuer.node) && node.verify(issuer.node.publicKey);
  return signed ? undefined : `is not signed by the next one (${issuer.parsed.subject})`;
}

function checkKey({ node }: Read): void {
  const { asymmetricKeyType, asymmetricKeyDetails } = node.publicKey;
  if (asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1") return;
  throw unfit("The key of the first certificate is not on P-256: have an intermediate signed that has a P-256 key.");
}

function unfit(message: string, cause?: unknown): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", `The CA chain is not usable. ${message}`, { cause });
}
