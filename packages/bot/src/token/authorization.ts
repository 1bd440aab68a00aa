import { Metadata } from "@grpc/grpc-js";
import { denial } from "../error.js";

const standardKey = "authorization";

/*
 * HTTP/2 never indexes `authorization` (RFC 7541, section 7.1.3, means passwords that could be guessed), so its 600 bytes
 * travel, and are decoded, with every call. A token that is bound to a certificate gives a guesser nothing. Bots show it
 * under a second name, which HTTP/2 sends once per connection and then refers to in a byte or two; but only to a server
 * that has offered it, by the thumbprint of the very certificate that it proved itself with. A proxy in between, or a
 * server of another kind, offers nothing, and gets `authorization`.
 */
const indexedKey = "interlock-authorization";
const offerKey = "interlock-authorization-offer";

const form = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/** The one value of the `authorization` metadata. Throws `TOKEN_MISSING` or `TOKEN_DUPLICATED`. */
export function authorizationOf(metadata: Metadata): string {
  const indexed = metadata.get(indexedKey);
  const values = indexed.length === 0 ? metadata.get(standardKey) : [...indexed, ...metadata.get(standardKey)];
  if (values.length === 0) throw denial("TOKEN_MISSING");
  if (values.length > 1) throw denial("TOKEN_DUPLICATED");
  return String(values[0]);
}

/** The token in an `authorization` value (RFC 6750, section 2.1). Throws `TOKEN_NOT_BEARER`. */
export function bearerToken(authorization: string): string {
  const token = form.exec(authorization)?.[1];
  if (token === undefined) throw denial("TOKEN_NOT_BEARER");
  return token;
}

/** Takes the token out of the metadata of a call. */
export function removeToken(metadata: Metadata): void {
  metadata.remove(standardKey);
  metadata.remove(indexedKey);
}

/** The metadata of a call that shows `authorization`, in the short way where the server has offered it. */
export function showToken(authorization: string, indexed: boolean): Metadata {
  const metadata = new Metadata();
  metadata.set(indexed ? indexedKey : standardKey, authorization);
  return metadata;
}

/** Whether there is a token in the metadata, sound or not. */
export function hasToken(metadata: Metadata): boolean {
  return metadata.get(standardKey).length > 0 || metadata.get(indexedKey).length > 0;
}

/** What a server answers to a first call with a token; `thumbprint` is that of its own certificate. */
export function offerIndexedToken({ thumbprint }: { readonly thumbprint: string }): Metadata {
  const metadata = new Metadata();
  metadata.set(offerKey, thumbprint);
  return metadata;
}

/** The thumbprint in a server's answer, if there is one. */
export function offeredBy(metadata: Metadata): string | undefined {
  const [thumbprint] = metadata.get(offerKey);
  return typeof thumbprint === "string" ? thumbprint : undefined;
}
