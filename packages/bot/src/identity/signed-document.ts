import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Identity } from "./identity.js";

/**
 * A text that a member of a fleet has signed: a JWS in its flattened JSON form (RFC 7515, section 7.2.2), with ES256 and the
 * certificate chain of the signer in its header (`x5c`). So it can be verified with the CA certificate of the fleet alone, long after
 * the keys of tokens have changed.
 */
export interface SignedDocument {
  readonly payload: string;
  readonly protected: string;
  readonly signature: string;
}

/** A {@link SignedDocument} whose signature is that of its first certificate. The chain is not verified: see `verifyPeer`. */
export interface OpenedDocument {
  readonly document: SignedDocument;
  /** The text that was signed. */
  readonly payload: string;
  /** The certificates in its header, DER, the signer's first. */
  readonly chain: readonly Uint8Array[];
}

/** Why a text is not opened: it is of another form or type, the signer's certificate is missing or unreadable, or it was changed. */
export type DocumentFault = "form" | "certificate" | "signature";

/** The most certificates in a header. */
const maximumChain = 16;

/** Signs a text with the key of a certificate. `type` becomes the `typ` of its header. */
export async function signDocument(
  text: string,
  type: string,
  { privateKey, chain }: Pick<Identity, "privateKey" | "chain">,
): Promise<SignedDocument> {
  const { FlattenedSign } = await import("jose/jws/flattened/sign");
  const x5c = chain.map((der) => Buffer.from(der).toString("base64"));
  const signed = await new FlattenedSign(Buffer.from(text))
    .setProtectedHeader({ alg: "ES256", typ: type, x5c })
    .sign(createPrivateKey(privateKey));
  return { payload: signed.payload, protected: signed.protected ?? "", signature: signed.signature };
}

/** Reads the JSON text of a {@link SignedDocument} of a type, and verifies its signature. The caller bounds the text. */
export async function openDocument(text: string, type: string): Promise<OpenedDocument | DocumentFault> {
  const { payload, protected: header, signature } = fieldsOf(text);
  if (typeof payload !== "string" || typeof header !== "string" || typeof signature !== "string") return "form";
  const { alg, typ, x5c } = fieldsOf(Buffer.from(header, "base64url").toString());
  if (alg !== "ES256" || typ !== type) return "form";
  if (!Array.isArray(x5c) || x5c.length > maximumChain || !x5c.every((one) => typeof one === "string"))
    return "certificate";
  const chain = x5c.map((one) => Uint8Array.from(Buffer.from(one, "base64")));
  const key = keyOf(chain[0]);
  if (key === undefined) return "certificate";
  const document = { payload, protected: header, signature };
  const { flattenedVerify } = await import("jose/jws/flattened/verify");
  return flattenedVerify(document, key, { algorithms: ["ES256"] }).then(
    (verified) => ({ document, payload: Buffer.from(verified.payload).toString(), chain }),
    () => "signature" as const,
  );
}

/** The fields of a JSON object; none of any other text. */
function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The key in a certificate. */
function keyOf(der: Uint8Array | undefined): KeyObject | undefined {
  try {
    return der && createPublicKey(new X509Certificate(der).publicKey.export({ type: "spki", format: "pem" }));
  } catch {
    return undefined;
  }
}
