import { createSecureContext } from "node:tls";
import { type Init, type Method, spiffeId } from "@interlock/policy";
import type { Clock } from "../base/clock.js";
import { denial, InterlockError } from "../base/error.js";
import { serializer } from "../base/serializer.js";
import { grpcClient } from "../client/grpc-client.js";
import { certificatesToPem } from "../identity/pem.js";
import { verifyPeer } from "../identity/verify-peer.js";

/** The time for one call to the enrollment door, in milliseconds. */
export const enrollmentTimeoutMs = 10_000;

/** The proof that an authority owes a bot without a valid certificate. */
export interface AuthorityBasis {
  /** The CA certificates to believe, DER. */
  readonly roots: readonly Uint8Array[];
  readonly trustDomain: string;
  readonly clock: Clock;
}

/** Calls one method of the `EnrollmentService` on the connection. */
export type CallAuthority = <Request, Response>(
  method: Method<Request, Response, "unary">,
  request: Init<Request>,
) => Promise<Response>;

/**
 * Runs `work` on one connection without a client certificate, to an authority that has proved itself below one of the roots: any
 * bot has a certificate of the CA. Rejects with `AUTHORITY_UNREACHABLE`, or the reason for which the authority is refused.
 */
export async function withAuthority<T>(
  address: string,
  basis: AuthorityBasis,
  work: (call: CallAuthority) => Promise<T>,
): Promise<T> {
  let refusal: InterlockError | undefined;
  const context = createSecureContext({ ca: certificatesToPem(basis.roots), minVersion: "TLSv1.3" });
  const check = (found: readonly Uint8Array[]) => {
    refusal = checkAuthority(found, basis);
    return refusal;
  };
  const grpc = grpcClient(address, { context, check });
  const call: CallAuthority = (method, request) =>
    new Promise((resolve, reject) => {
      const deadline = Date.now() + enrollmentTimeoutMs;
      const { path, response } = method;
      grpc.makeUnaryRequest(
        path,
        serializer(method.request),
        (bytes) => response.decode(bytes),
        request,
        { deadline },
        (error, answer) => {
          if (error || !answer) reject(refusal ?? explained(error, address));
          else resolve(answer);
        },
      );
    });
  try {
    return await work(call);
  } finally {
    grpc.close();
  }
}

function explained(thrown: unknown, address: string): InterlockError {
  const error = InterlockError.from(thrown);
  const silent = error.code === "DEADLINE_EXCEEDED" || error.reason === "SERVER_UNREACHABLE";
  return silent ? denial("AUTHORITY_UNREACHABLE", `is it up at ${address}?`, {}, error) : error;
}

/** Verifies the authority as every server is verified. What is revoked is not known here. */
function checkAuthority(
  found: readonly Uint8Array[],
  { roots, trustDomain, clock }: AuthorityBasis,
): InterlockError | undefined {
  const expected = { peer: "server", trustDomain, now: clock.now(), caCertificates: roots } as const;
  const verified = verifyPeer(found, expected);
  if (typeof verified === "string") return denial(verified);
  return verified.id.uri === authorityId(trustDomain) ? undefined : denial("SERVER_IDENTITY_MISMATCH");
}

/** The SPIFFE ID of a fleet's authority. */
export function authorityId(trustDomain: string): string {
  return spiffeId(trustDomain, "interlock/authority").uri;
}
