import { Metadata } from "@grpc/grpc-js";
import { denial } from "../base/error.js";
import { referenceKey } from "./reference.js";

const key = "authorization";
const form = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * How a call shows its token: the one value of the `authorization` metadata, or the reference to one that was shown before
 * (see `reference.ts`). Throws `TOKEN_MISSING` or `TOKEN_DUPLICATED`.
 */
export function shownIn(metadata: Metadata): string {
  const references = metadata.get(referenceKey);
  const whole = metadata.get(key);
  const shown = references[0] ?? whole[0];
  if (shown === undefined) throw denial("TOKEN_MISSING");
  if (references.length + whole.length > 1) throw denial("TOKEN_DUPLICATED");
  return String(shown);
}

/** The token in an `authorization` value (RFC 6750, section 2.1). Throws `TOKEN_NOT_BEARER`. */
export function bearerToken(authorization: string): string {
  const token = form.exec(authorization)?.[1];
  if (token === undefined) throw denial("TOKEN_NOT_BEARER");
  return token;
}

/** Takes the token out of the metadata of a call. */
export function removeToken(metadata: Metadata): void {
  metadata.remove(key);
  metadata.remove(referenceKey);
}

/** The metadata of a call that shows the whole token. */
export function showToken(authorization: string): Metadata {
  const metadata = new Metadata();
  metadata.set(key, authorization);
  return metadata;
}

/** Whether there is a token in the metadata, or a reference to one, sound or not. */
export function hasToken(metadata: Metadata): boolean {
  return metadata.get(key).length > 0 || metadata.get(referenceKey).length > 0;
}
