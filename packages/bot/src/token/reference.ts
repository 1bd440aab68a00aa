import { createHash } from "node:crypto";
import { Metadata } from "@grpc/grpc-js";

/*
 * HTTP/2 never indexes `authorization` (RFC 7541, section 7.1.3), so the 600 bytes of a token would travel with every call,
 * and be decoded, checked, copied and collected at the other end. A server that has verified a token remembers it for the
 * connection, so a bot shows it once and then refers to it, in a header that HTTP/2 sends once and indexes.
 *
 * A reference is not a credential: it finds a token among those that the same peer has shown on the same connection, and
 * everything that is checked of a token on a call is still checked. A server offers to take references in its answer to
 * the call with the whole token, by the thumbprint of its certificate. A bot that saw this certificate in the handshake
 * accepts the offer. A proxy in between, or a server of another kind, offers nothing, and gets whole tokens.
 */
export const referenceKey = "interlock-token-reference";
const offerKey = "interlock-token-reference-offer";

/** The reference to a token: the first 128 bits of the SHA-256 of its `authorization` value, in base64url. */
export function referenceTo(authorization: string): string {
  return createHash("sha256").update(authorization).digest().subarray(0, 16).toString("base64url");
}

/** Every reference to a token in the metadata of a call. */
export function referencesIn(metadata: Metadata): readonly string[] {
  return metadata.get(referenceKey) as string[]; // Only keys that end in "-bin" have bytes.
}

/** Makes the metadata of a call that refers to the token which was shown as `authorization`. */
export function referToToken(authorization: string): Metadata {
  const metadata = new Metadata();
  metadata.set(referenceKey, referenceTo(authorization));
  return metadata;
}

/** Makes the offer in a server's answer to the first call with a token. `thumbprint` is that of its own certificate. */
export function offerReference({ thumbprint }: { readonly thumbprint: string }): Metadata {
  const metadata = new Metadata();
  metadata.set(offerKey, thumbprint);
  return metadata;
}

/** The thumbprint in a server's answer, if there is one. */
export function offeredBy(metadata: Metadata): string | undefined {
  const [thumbprint] = metadata.get(offerKey);
  return typeof thumbprint === "string" ? thumbprint : undefined;
}
