import { createPublicKey, type JsonWebKeyInput } from "node:crypto";
import type { JSONWebKeySet, JWK } from "jose";
import { denial, type InterlockError } from "../base/error.js";
import { keyFits, type TokenAlgorithm } from "../token/token-rules.js";
import type { HttpsAnswer } from "./ask-for-json.js";
import { IssuerStatusError } from "./issuer-failure.js";

/** The metadata of an issuer (RFC 8414, section 2; OpenID Connect Discovery 1.0, section 3). */
export interface IssuerMetadata {
  readonly jwksUrl: URL;
  /** The endpoint for tokens with a client certificate; absent when the issuer does not name one. */
  readonly tokenUrl: URL | undefined;
}

/** How many keys of a set are looked at. Issuers have two or three. */
const maximumKeys = 100;

/** Reads an issuer's metadata. Throws an `Error`: `ISSUER_UNUSABLE` when they are another issuer's, or not sound. */
export function readMetadata({ status, body }: HttpsAnswer, issuer: string): IssuerMetadata {
  const metadata = objectOf(body);
  if (status !== 200) throw new IssuerStatusError("the issuer's metadata", status);
  // RFC 8414, section 3.3: otherwise one issuer could speak for another.
  if (metadata.issuer !== issuer) throw unusable("its metadata are another issuer's");
  const aliases = objectOf(metadata.mtls_endpoint_aliases); // RFC 8705, section 5.
  const token = aliases.token_endpoint ?? metadata.token_endpoint;
  try {
    return { jwksUrl: httpsUrl(metadata.jwks_uri), tokenUrl: token === undefined ? undefined : httpsUrl(token) };
  } catch (error) {
    throw unusable((error as Error).message);
  }
}

/**
 * Reads the usable keys of a JWK Set (RFC 7517): public, strong, with a `kid`, for one of the algorithms; of the first 100.
 * Throws an `Error`: `ISSUER_UNUSABLE` when there is none.
 */
export function readKeys({ status, body }: HttpsAnswer, algorithms: readonly TokenAlgorithm[]): JSONWebKeySet {
  if (status !== 200) throw new IssuerStatusError("the issuer's keys", status);
  const { keys } = objectOf(body);
  if (!Array.isArray(keys)) throw unusable("its keys are no JWK Set");
  const found = keys.slice(0, maximumKeys).map(objectOf) as unknown as readonly JWK[];
  const usable = found
    .filter((key): key is JWK & { kid: string } => typeof key.kid === "string")
    .filter((key) => algorithms.some((algorithm) => keyFits(key, algorithm)))
    .map(publicPart)
    .filter(isReadable);
  if (usable.length === 0) throw unusable(`it has no key for ${algorithms.join(" or ")}${others(found, algorithms)}`);
  return { keys: usable };
}

/** The algorithms that the keys of a set are for, where those could be chosen instead; else what a key has to be. */
function others(keys: readonly JWK[], algorithms: readonly TokenAlgorithm[]): string {
  const all: readonly TokenAlgorithm[] = ["ES256", "EdDSA", "RS256"];
  const possible = all.filter((algorithm) => keys.some((key) => keyFits(key, algorithm)));
  const choice = possible.filter((algorithm) => !algorithms.includes(algorithm));
  if (choice.length > 0)
    return `, and has keys for ${choice.join(" and ")}: name the one that it signs with in algorithms`;
  return ": each needs a kid, the use sig and the operation verify where it names any, and RSA 2,048 bits and an exponent from 65,537";
}

// A point that is not on its curve, for example.
function isReadable(key: JWK): boolean {
  try {
    return createPublicKey({ key, format: "jwk" } as JsonWebKeyInput).type === "public";
  } catch {
    return false;
  }
}

function unusable(detail: string): InterlockError {
  return denial("ISSUER_UNUSABLE", detail);
}

function publicPart({ kty, kid, alg, use, crv, x, y, n, e }: JWK & { kid: string }): JWK {
  const all = { kty, kid, alg, use, crv, x, y, n, e };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as JWK;
}

/** Parses an `https` URL. Throws an `Error` for any other text. */
export function httpsUrl(value: unknown): URL {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== "https:" || url.username || url.password) {
    throw new Error("the issuer has to be reached at https URLs without a password");
  }
  return url;
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
