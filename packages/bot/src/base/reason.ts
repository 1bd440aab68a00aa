import type { status } from "@grpc/grpc-js";

/** The name of a gRPC status code, for example `"PERMISSION_DENIED"`. */
export type Code = keyof typeof status;

/**
 * Every reason for which Interlock refuses something: the closed list behind `google.rpc.ErrorInfo.reason`, each with
 * its gRPC code and its meaning. There is no other place for a reason.
 *
 * @example
 * ```ts
 * const [code, meaning] = reasons.SCOPE_MISSING; // "PERMISSION_DENIED", "the token lacks a scope …"
 * ```
 */
export const reasons = {
  // The handshake. The peer sees a closed connection; the reason is in the log and the records.
  HANDSHAKE_FAILED: ["UNAVAILABLE", "the TLS handshake failed"],
  HANDSHAKE_TIMEOUT: ["UNAVAILABLE", "the TLS handshake took too long"],
  CONNECTION_LIMIT: ["UNAVAILABLE", "there are too many connections"],
  NO_CERTIFICATE: ["UNAVAILABLE", "the peer showed no certificate"],
  CERTIFICATE_UNTRUSTED: ["UNAVAILABLE", "the certificate is not from this fleet's CA"],
  CERTIFICATE_MALFORMED: ["UNAVAILABLE", "the certificate cannot be read"],
  CERTIFICATE_EXPIRED: ["UNAUTHENTICATED", "the certificate has expired"],
  CERTIFICATE_NOT_YET_VALID: ["UNAVAILABLE", "the certificate is not valid yet"],
  CERTIFICATE_WEAK: ["UNAVAILABLE", "a key or a signature in the certificate's chain is too weak, or of no known kind"],
  CERTIFICATE_WRONG_USAGE: ["UNAVAILABLE", "the certificate is not for this side of a connection"],
  CERTIFICATE_IS_CA: ["UNAVAILABLE", "the certificate may sign others, so it cannot be a bot's"],
  CERTIFICATE_WITHOUT_SPIFFE_ID: ["UNAVAILABLE", "the certificate does not have exactly one SPIFFE ID"],
  TRUST_DOMAIN_MISMATCH: ["UNAVAILABLE", "the certificate is of another trust domain"],
  SERVER_IDENTITY_MISMATCH: ["UNAVAILABLE", "the server is not the bot that was meant"],
  SERVER_UNREACHABLE: ["UNAVAILABLE", "the server cannot be reached, or closed the connection"],

  // The token.
  TOKEN_MISSING: ["UNAUTHENTICATED", "there is no authorization metadata"],
  TOKEN_DUPLICATED: ["UNAUTHENTICATED", "there is more than one authorization metadata value"],
  TOKEN_NOT_SHOWN: ["UNAUTHENTICATED", "the token that is referred to has not been shown on this connection"],
  TOKEN_NOT_BEARER: ["UNAUTHENTICATED", 'the authorization is not "Bearer" and one token'],
  TOKEN_MALFORMED: ["UNAUTHENTICATED", "the token is no signed JWT, or it lacks a required claim"],
  TOKEN_ALGORITHM: ["UNAUTHENTICATED", "the token is not signed with an algorithm that is allowed"],
  TOKEN_HEADER: ["UNAUTHENTICATED", "the token's header names a key or an extension of its own"],
  TOKEN_TYPE: ["UNAUTHENTICATED", "the token is not of the type of an access token"],
  TOKEN_KEY_UNKNOWN: ["UNAUTHENTICATED", "the token is signed with a key that is not the authority's"],
  TOKEN_SIGNATURE: ["UNAUTHENTICATED", "the token's signature is wrong"],
  TOKEN_ISSUER: ["UNAUTHENTICATED", "the token is from another issuer"],
  TOKEN_AUDIENCE: ["UNAUTHENTICATED", "the token is for another service"],
  TOKEN_EXPIRED: ["UNAUTHENTICATED", "the token has expired"],
  TOKEN_NOT_YET_VALID: ["UNAUTHENTICATED", "the token is not valid yet"],
  TOKEN_LIFETIME: ["UNAUTHENTICATED", "the token lives longer than is allowed"],
  TOKEN_SUBJECT_MISMATCH: ["UNAUTHENTICATED", "the token is another bot's"],
  TOKEN_ACTOR_MISMATCH: ["UNAUTHENTICATED", "the token is for another bot to act with"],
  TOKEN_BINDING_MISMATCH: ["UNAUTHENTICATED", "the token is bound to another certificate"],
  TOKEN_REVOKED: ["UNAUTHENTICATED", "the token has been revoked"],
  TOKEN_OUTDATED: ["UNAUTHENTICATED", "a scope of the token has been taken away since it was issued"],

  // The caller, on every call.
  IDENTITY_REVOKED: ["UNAUTHENTICATED", "the bot has been revoked"],
  CERTIFICATE_REVOKED: ["UNAUTHENTICATED", "the certificate has been revoked"],
  GATEWAY_REQUIRED: ["UNAUTHENTICATED", "the service is called through its gateway only"],
  SCOPE_MISSING: ["PERMISSION_DENIED", "the token lacks a scope that the method needs"],
  CALLER_NOT_ALLOWED: ["PERMISSION_DENIED", "the method is not for this caller"],
  METHOD_NOT_DELEGATED: ["PERMISSION_DENIED", "the token is for other methods of the service"],
  APPROVAL_REQUIRED: ["PERMISSION_DENIED", "an operator has to approve this call before it is made"],
  ARGUMENT_NOT_ALLOWED: ["PERMISSION_DENIED", "the caller holds the scope for other requests only"],
  INVALID_REQUEST: ["INVALID_ARGUMENT", "the request does not satisfy the constraints of its fields"],
  METHOD_SUNSET: ["UNIMPLEMENTED", "the method is past its sunset date"],
  METHOD_RETIRED: ["UNIMPLEMENTED", "the method has been retired"],
  RATE_LIMITED: ["RESOURCE_EXHAUSTED", "the caller calls this method too often"],
  ENCODING_REFUSED: ["UNIMPLEMENTED", "compressed messages are taken only with a token, as gzip or deflate"],
  CALL_LIMIT: ["RESOURCE_EXHAUSTED", "the caller has too many calls open"],
  REQUEST_BYTES_LIMIT: ["RESOURCE_EXHAUSTED", "the caller has too many bytes of requests under way"],
  REQUEST_IN_PIECES: ["RESOURCE_EXHAUSTED", "the request comes in too many pieces"],
  REQUEST_TOO_LARGE: ["RESOURCE_EXHAUSTED", "the request is too large for the method"],
  REQUEST_TOO_SLOW: ["RESOURCE_EXHAUSTED", "the request took too long to arrive"],
  TRUST_STALE: ["UNAVAILABLE", "the trust of the server is stale, so high-risk methods are refused"],

  // Enrollment and the authority.
  JOIN_TOKEN_INVALID: ["UNAUTHENTICATED", "the join token is not one of this authority's"],
  JOIN_TOKEN_EXPIRED: ["UNAUTHENTICATED", "the join token has expired"],
  JOIN_TOKEN_USED: ["UNAUTHENTICATED", "the join token has been used"],
  JOIN_TOKEN_NAME_MISMATCH: ["UNAUTHENTICATED", "the join token is for another name"],
  WORKLOAD_NOT_ADMITTED: ["PERMISSION_DENIED", "no join rule admits this workload under this name"],
  WORKLOAD_JOINED: ["UNAUTHENTICATED", "this workload has joined already, or a later one has taken its name"],
  CA_PIN_MISMATCH: ["UNAUTHENTICATED", "the authority's CA is not the one that the join token names"],
  KEY_NOT_PROVED: ["UNAUTHENTICATED", "the proof of the certificate's key is wrong, or for another request"],
  CSR_REJECTED: ["PERMISSION_DENIED", "the certificate request asks for what cannot be given"],
  CERTIFICATE_SUPERSEDED: ["PERMISSION_DENIED", "the bot has joined again since this certificate was issued"],
  CLONE_DETECTED: [
    "PERMISSION_DENIED",
    "the certificate has been renewed before, so there are two bots of one identity",
  ],
  BOT_RETIRED: ["PERMISSION_DENIED", "the bot has been retired"],
  NO_GRANT: ["PERMISSION_DENIED", "the bot is granted none of the scopes it asked for"],
  ACTOR_NOT_ALLOWED: ["PERMISSION_DENIED", "the bot may not act for others here"],
  ACTOR_CHAIN_TOO_LONG: ["PERMISSION_DENIED", "too many bots act for each other"],
  SCOPE_WIDENED: ["PERMISSION_DENIED", "more is asked for than the token or the delegation allows"],
  DELEGATION_NOT_ALLOWED: ["PERMISSION_DENIED", "the bot may not give its scopes to others here"],
  DELEGATION_NOT_HELD: ["PERMISSION_DENIED", "there is no delegation of that id that the bot holds"],
  DELEGATION_ENDED: ["PERMISSION_DENIED", "the delegation has expired, or it or one above it has been revoked"],
  DELEGATION_LIMIT: ["RESOURCE_EXHAUSTED", "the bot has too many delegations"],
  APPROVAL_NOT_HELD: ["PERMISSION_DENIED", "there is no approval of that id that the bot has requested"],
  APPROVAL_WAITING: ["FAILED_PRECONDITION", "no operator has decided yet"],
  APPROVAL_DENIED: ["PERMISSION_DENIED", "an operator has denied the call"],
  APPROVAL_ENDED: ["FAILED_PRECONDITION", "the approval has expired, or has been used"],
  APPROVAL_LIMIT: ["RESOURCE_EXHAUSTED", "too many calls wait for an operator"],
  LAST_OPERATOR: ["FAILED_PRECONDITION", "no operator would be left that could undo this"],
  GRANTS_INVALID: ["INVALID_ARGUMENT", "the grants cannot be read"],
  ISSUER_UNREACHABLE: ["UNAVAILABLE", "the token issuer cannot be reached"],
  ISSUER_UNUSABLE: ["FAILED_PRECONDITION", "the token issuer's answer cannot be used"],
  ISSUER_REFUSED: ["PERMISSION_DENIED", "the token issuer gives no token"],
  AUTHORITY_UNREACHABLE: ["UNAVAILABLE", "the authority cannot be reached"],
  STORE_UNREACHABLE: ["UNAVAILABLE", "the authority cannot reach its store"],
} as const satisfies Record<string, readonly [Code, string]>;

/** A reason for which Interlock refuses something: a key of {@link reasons}. */
export type Reason = keyof typeof reasons;
