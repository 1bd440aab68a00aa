import { createPrivateKey, createPublicKey, webcrypto } from "node:crypto";
import { certificatesToPem, InterlockError } from "@interlock/bot";
import { certificatesFromPem } from "@interlock/bot/internal";
import { isTrustDomain } from "@interlock/policy";
import { createIntermediate } from "./ca.js";
import { intermediateLifetimeMs } from "./certificate-template.js";
import { checkCaChain, checkCaKey } from "./check-ca-chain.js";
import { checkCsr } from "./check-csr.js";
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension, X509Certificate } from "./x509.js";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const begin = "-----BEGIN CERTIFICATE REQUEST-----";
const end = "-----END CERTIFICATE REQUEST-----";

/** Creates the PKCS #10 request (RFC 2986), PEM, for an intermediate, from a P-256 private key (PKCS #8, PEM). */
export async function createIntermediateRequest(privateKeyPem: string, trustDomain: string): Promise<string> {
  const key = createPrivateKey(privateKeyPem);
  const pkcs8 = key.export({ type: "pkcs8", format: "der" });
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const privateKey = await webcrypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
  const publicKey = await webcrypto.subtle.importKey("spki", spki, algorithm, true, ["verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "O=Interlock, CN=Interlock intermediate",
    keys: { privateKey, publicKey } as never,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: "url", value: uriOf(trustDomain) }])],
  });
  const body =
    Buffer.from(request.rawData)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `${begin}\n${body.join("\n")}\n${end}\n`;
}

/** The input for signing an intermediate's request with a root. */
export interface SigningOrder {
  /** The root's private key and certificate, as `interlock ca export-root` writes them: PEM. */
  readonly rootPem: string;
  /** The certificate request, PEM. */
  readonly requestPem: string;
  /** The time of the signature, in milliseconds since the epoch. */
  readonly now: number;
  /** How long the intermediate is valid, in milliseconds. Default: 90 days. */
  readonly ttlMs?: number;
}

/** Signs the request for an intermediate; see `on-demand.ts`. */
export async function signIntermediateRequest(order: SigningOrder): Promise<string> {
  const { rootPem, requestPem, now, ttlMs = intermediateLifetimeMs } = order;
  const privateKeyPem = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/.exec(rootPem)?.[0];
  const [certificate] = certificatesFromPem(rootPem);
  if (!privateKeyPem || !certificate) {
    throw invalid(
      'The root file lacks the private key or the certificate: give the file that "interlock ca export-root" wrote.',
    );
  }
  checkCaKey(certificate, privateKeyPem);
  const trustDomain = trustDomainOf(certificate);
  const spki = await checkCsr(derOf(requestPem), uriOf(trustDomain));
  const intermediate = await createIntermediate({ certificate, privateKeyPem }, spki, trustDomain, now, ttlMs);
  // Checked here, so that an unusable root is found before the chain is carried to the authority.
  return certificatesToPem(checkCaChain([intermediate, certificate], { trustDomain, now, roots: [] }));
}

function trustDomainOf(root: Uint8Array): string {
  const san = new X509Certificate(Uint8Array.from(root)).getExtension(SubjectAlternativeNameExtension);
  const uri = san?.names.items.find(({ type }) => type === "url")?.value ?? "";
  const trustDomain = uri.replace(/^spiffe:\/\//, "");
  if (uri !== uriOf(trustDomain) || !isTrustDomain(trustDomain)) {
    throw invalid("The root does not name its trust domain: use a root that Interlock created.");
  }
  return trustDomain;
}

function derOf(requestPem: string): Uint8Array {
  const at = requestPem.indexOf(begin);
  const to = requestPem.indexOf(end);
  if (at < 0 || to < at) throw invalid(`The file has no certificate request, which begins with ${begin}.`);
  return Uint8Array.from(Buffer.from(requestPem.slice(at + begin.length, to), "base64"));
}

function uriOf(trustDomain: string): string {
  return `spiffe://${trustDomain}`;
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
