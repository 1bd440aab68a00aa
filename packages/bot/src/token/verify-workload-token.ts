import { createHash } from "node:crypto";
import type { JSONWebKeySet, JWTPayload } from "jose";
import { decodeJwt } from "jose/jwt/decode";
import { denial } from "../base/error.js";
import { readHeader } from "./read-header.js";
import type { TokenAlgorithm } from "./token-rules.js";
import { checkTimes, verifySignature } from "./verify-token.js";

/** A pod of a Kubernetes cluster, as a projected ServiceAccount token names it. */
export interface Workload {
  /** The `iss` of its token: the cluster. */
  readonly issuer: string;
  /** The ServiceAccount, `system:serviceaccount:<namespace>:<name>`. */
  readonly account: string;
  /** The name of the pod. */
  readonly pod: string;
  /** The UID of the pod, which no other pod of the cluster ever has. */
  readonly podUid: string;
  /** SHA-256 over the signed part of the token, base64url: the same for every form of its signature. */
  readonly tokenId: string;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
}

/** What a workload's token is verified against. */
export interface WorkloadExpectation {
  /** The `iss`. */
  readonly issuer: string;
  /** The only audience that the token may have. */
  readonly audience: string;
  /** The keys of the issuer. */
  readonly jwks: JSONWebKeySet;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The algorithms by which a cluster may sign. Kubernetes signs with RS256 by default. */
export const workloadAlgorithms: readonly TokenAlgorithm[] = ["RS256", "ES256"];

/** The longest lifetime of a workload's token, from `iat` to `exp`, in milliseconds: Kubernetes' default for a projected one. */
const maximumLifetimeMs = 3_600_000;

/** The longest text of a claim that is read, in characters: the bound of Kubernetes for a name. */
const maximumClaimLength = 253;

const rules = { algorithms: workloadAlgorithms, type: "JWT or none" } as const;
const accountForm = /^system:serviceaccount:[a-z0-9.-]+:[a-z0-9.-]+$/;

/** Returns the `iss` that a token claims, before anything of it is verified: to find the keys of that issuer. */
export function issuerOf(token: string): string {
  readHeader(token, rules);
  let payload: JWTPayload;
  try {
    payload = decodeJwt(token);
  } catch (error) {
    throw denial("TOKEN_MALFORMED", "", {}, error);
  }
  if (typeof payload.iss !== "string") throw denial("TOKEN_MALFORMED", 'there is no "iss"');
  return payload.iss;
}

/**
 * Verifies a projected ServiceAccount token of Kubernetes: signature, issuer, one audience, lifetime, and that it is bound to a
 * pod, which `sub` and the claim `kubernetes.io` name alike.
 *
 * @throws A denial with one of the `TOKEN_…` reasons.
 */
export async function verifyWorkloadToken(token: string, expected: WorkloadExpectation): Promise<Workload> {
  const { issuer, audience, jwks, now } = expected;
  const name = readHeader(token, rules);
  const { payload } = await verifySignature(token, name, {
    jwks,
    algorithms: workloadAlgorithms,
    now,
    claims: { issuer, audience, requiredClaims: ["iss", "aud", "exp", "iat", "sub"] },
  });
  // A token for several audiences could be shown here by each of the others.
  if (Array.isArray(payload.aud) && payload.aud.length !== 1) {
    throw denial("TOKEN_AUDIENCE", "it has several audiences; project one for the authority alone");
  }
  const { exp = 0, iat = 0, nbf = 0 } = payload;
  if ((exp - iat) * 1_000 > maximumLifetimeMs || exp <= iat) {
    throw denial("TOKEN_LIFETIME", "set expirationSeconds of the projected token, from 600 to 3600");
  }
  checkTimes({ exp, begins: Math.max(iat, nbf) }, now);
  const [signedPart = ""] = /^[^.]+\.[^.]+/.exec(token) ?? [];
  const tokenId = createHash("sha256").update(signedPart).digest("base64url");
  return { issuer, ...readPod(payload), tokenId, issuedAt: iat * 1_000 };
}

function readPod(payload: JWTPayload): Pick<Workload, "account" | "pod" | "podUid"> {
  const cluster = objectOf(payload["kubernetes.io"]);
  const { namespace } = cluster;
  const account = `system:serviceaccount:${textOf(namespace)}:${textOf(objectOf(cluster.serviceaccount).name)}`;
  if (payload.sub !== account || !accountForm.test(account)) {
    throw denial("TOKEN_MALFORMED", '"sub" and "kubernetes.io" do not name one ServiceAccount');
  }
  const { name, uid } = objectOf(cluster.pod);
  const [pod, podUid] = [textOf(name), textOf(uid)];
  if (pod === "" || podUid === "") {
    throw denial("TOKEN_MALFORMED", "it is not bound to a pod; use a projected volume, and not a Secret");
  }
  return { account, pod, podUid };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" && value.length <= maximumClaimLength ? value : "";
}
