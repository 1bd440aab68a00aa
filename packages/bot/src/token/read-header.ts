import { isUtf8 } from "node:buffer";
import type { ProtectedHeaderParameters } from "jose";
import { decodeProtectedHeader } from "jose/decode/protected_header";
import { denial } from "../base/error.js";
import { readBase64url } from "./base64url.js";
import type { TokenAlgorithm, TokenRules } from "./token-rules.js";

/** What the header of a token says about its key. */
export interface KeyName {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
}

/** The length of the longest token that is read, in characters. */
const maximumLength = 8_192;

// A key that comes with the token proves nothing, and fetching one would be a request that a stranger controls (RFC 8725,
// section 3.10). No extension is known here (RFC 7515, section 4.1.11), nor a payload that is not encoded (RFC 7797).
const refused = ["jwk", "jku", "x5u", "x5c", "crit", "b64"];

/** The rules for the header of a token. */
export interface HeaderRules {
  readonly algorithms: readonly TokenAlgorithm[];
  /** The `typ`. `JWT or none` is for an issuer that writes none, as Kubernetes does. */
  readonly type: TokenRules["type"];
}

/**
 * Reads the header of a token, and checks it before anything of the token is used.
 *
 * @throws `TOKEN_MALFORMED`, `TOKEN_ALGORITHM`, `TOKEN_HEADER` or `TOKEN_TYPE`.
 */
export function readHeader(token: string, rules: HeaderRules): KeyName {
  if (token.length > maximumLength) throw denial("TOKEN_MALFORMED", `it is longer than ${maximumLength} characters`);
  checkForm(token);
  return checkHeader(decode(token), rules);
}

/*
 * RFC 7515, section 2: three parts in base64url without anything else, and text in UTF-8. A decoder that accepts more makes
 * many texts of one token, and readers that see different things in it. An absent signature is judged with the others.
 */
function checkForm(token: string): void {
  const [header, payload, signature, ...more] = token.split(".");
  const texts = [header, payload].map(readBase64url);
  const sound = more.length === 0 && texts.every((bytes) => bytes && isUtf8(bytes));
  if (!sound || (signature !== "" && !readBase64url(signature))) throw denial("TOKEN_MALFORMED");
}

function decode(token: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(token);
  } catch (error) {
    throw denial("TOKEN_MALFORMED", "", {}, error);
  }
}

// The sender of a token writes it, so its fields may have any type.
function checkHeader(header: ProtectedHeaderParameters, { algorithms, type: given }: HeaderRules): KeyName {
  const type = given === "JWT or none" ? "JWT" : given;
  if (!algorithms.includes(header.alg as TokenAlgorithm)) throw denial("TOKEN_ALGORITHM");
  for (const name of refused) {
    if (name in header) throw denial("TOKEN_HEADER", `"${name}" is not accepted`);
  }
  if (typeof header.kid !== "string") throw denial("TOKEN_MALFORMED", 'there is no "kid"');
  const absent = header.typ === undefined && given === "JWT or none";
  if (!absent && (typeof header.typ !== "string" || mediaType(header.typ) !== mediaType(type)))
    throw denial("TOKEN_TYPE");
  return { kid: header.kid, algorithm: header.alg as TokenAlgorithm };
}

// RFC 7515, section 4.1.9: without a slash, "application/" is left out. Media types have no case (RFC 2045, section 5.1).
function mediaType(type: string): string {
  return (type.includes("/") ? type : `application/${type}`).toLowerCase();
}
