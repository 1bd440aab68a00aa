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

/** What a CA chain is held against. */
export interface CaExpectation {
  readonly trustDomain: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Roots that are trusted already, DER: a chain may end below one of them. */
  readonly roots: readonly Uint8Array[];
}

/** The longest chain that is read: certificates, with the root. */
export const maximumChainLength = 5;

/** What a certificate may demand to be understood: TLS understands these as well. */
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
 * Checks a chain that is to sign leaves: the signing certificate first, DER. Each has to be a CA, valid now, within the
 * path length and the name constraints of those above it, and signed by the next; the last has to be a root. The signing
 * certificate has to hold a P-256 key, which is what leaves are signed with. Pure. Gives the chain with its root.
 *
 * Throws `INVALID_ARGUMENT` that says which certificate is wrong, in what, and what to do.
 */
export function checkCaChain(given: readonly Uint8Array[], { trustDomain, now, roots }: CaExpectation): Uint8Array[] {
  if (given.length === 0) throw unfit("There is no certificate in it: give the intermediate first, then its issuers.");
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

/** Throws `INVALID_ARGUMENT` when a private key (PEM) is not the one of a certificate (DER), or none at all. */
export function checkCaKey(certificate: Uint8Array, privateKeyPem: string): void {
  let fits: boolean;
  try {
    fits = belongTogether(certificate, privateKeyPem);
  } catch {
    throw unfit("The private key cannot be read: give it as unencrypted PKCS #8 in PEM.");
  }
  if (!fits) throw unfit("The private key is not the one of the first certificate.");
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

/** The chain with its root, which may be left out where it is known. */
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

/** What is wrong with a certificate that has `below` CA certificates under it in the chain. */
function faultOf({ parsed }: Read, below: number, now: number): string | undefined {
  const basic = parsed.getExtension(BasicConstraintsExtension);
  if (!basic?.ca) return "is no CA: its basic constraints have to say CA:TRUE";
  if (basic.pathLength !== undefined && basic.pathLength < below) {
    return `allows ${basic.pathLength} CA certificates below it, and there are ${below}`;
  }
  const usage = parsed.getExtension(KeyUsagesExtension)?.usages;
  // RFC 5280, section 4.2.1.3: a CA certificate must have it. Old roots have none, and are trusted for what they are.
  if (usage === undefined && below === 0) return "has no key usage, which has to hold keyCertSign";
  if (usage !== undefined && (usage & KeyUsageFlags.keyCertSign) === 0)
    return "may not sign certificates: it lacks keyCertSign";
  const extended = parsed.getExtension(ExtendedKeyUsageExtension)?.usages.map(String);
  if (extended && !serves(extended)) return "is not for TLS clients and servers both, by its extended key usage";
  if (now >= parsed.notAfter.getTime()) return `ran out at ${parsed.notAfter.toISOString()}`;
  if (now < parsed.notBefore.getTime()) return `is not valid before ${parsed.notBefore.toISOString()}`;
  const types = parsed.extensions.map(({ type }) => type);
  if (new Set(types).size !== types.length) return "has an extension twice";
  const unknown = parsed.extensions.find(({ critical, type }) => critical && !understood.has(type));
  return unknown && `demands the extension ${unknown.type} to be understood, and TLS would not`;
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
  return permitted ? undefined : `does not permit the trust domain "${trustDomain}", by its name constraints`;
}

function signatureFault({ node }: Read, issuer: Read): string | undefined {
  const signed = node.checkIssued(issuer.node) && node.verify(issuer.node.publicKey);
  return signed ? undefined : `is not signed by the next one (${issuer.parsed.subject})`;
}

function checkKey({ node }: Read): void {
  const { asymmetricKeyType, asymmetricKeyDetails } = node.publicKey;
  if (asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1") return;
  throw unfit(
    "The first certificate holds another key than one on P-256, which leaves are signed with: have one made.",
  );
}

function unfit(message: string, cause?: unknown): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", `The CA chain is unfit. ${message}`, { cause });
}
