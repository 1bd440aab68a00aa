import type { Metadata } from "@grpc/grpc-js";
import { denial } from "../error.js";

const form = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/** The one value of the `authorization` metadata. Throws `TOKEN_MISSING` or `TOKEN_DUPLICATED`. */
export function authorizationOf(metadata: Metadata): string {
  const values = metadata.get("authorization");
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
