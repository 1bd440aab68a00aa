import { Metadata } from "@grpc/grpc-js";
import { denial } from "../base/error.js";
import { referenceKey } from "./reference.js";

const key = "authorization";
const form = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/** Every value of the `authorization` metadata of a call. */
export function authorizationIn(metadata: Metadata): readonly string[] {
  return metadata.get(key) as string[]; // Only keys that end in "-bin" have bytes.
}

/**
 * The token in an `authorization` value (RFC 6750, section 2.1).
 *
 * @throws `TOKEN_NOT_BEARER`.
 */
export function bearerToken(authorization: string): string {
  const token = form.exec(authorization)?.[1];
  if (token === undefined) throw denial("TOKEN_NOT_BEARER");
  return token;
}

/** Removes the token, and the reference to one, from the metadata of a call. */
export function removeToken(metadata: Metadata): void {
  metadata.remove(key);
  metadata.remove(referenceKey);
}

/** Makes the metadata of a call that shows the whole token. */
export function showToken(authorization: string): Metadata {
  const metadata = new Metadata();
  metadata.set(key, authorization);
  return metadata;
}

/** Whether metadata has a token or a reference to one, sound or not. */
export function hasToken(metadata: Metadata): boolean {
  return metadata.get(key).length > 0 || metadata.get(referenceKey).length > 0;
}
