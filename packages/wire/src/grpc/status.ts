import { errorCode } from "../frame/error-code.js";
import type { HeaderList } from "../header-list.js";

/** The status codes of gRPC (grpc/doc/statuscodes.md). */
export const statusCode = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/** A status code of gRPC: a value of {@link statusCode}. */
export type StatusCode = (typeof statusCode)[keyof typeof statusCode];

const codesByValue: ReadonlyMap<string, StatusCode> = new Map(
  Object.values(statusCode).map((code) => [String(code), code]),
);

const codesByHttp: ReadonlyMap<number, StatusCode> = new Map<number, StatusCode>([
  [400, statusCode.internal],
  [401, statusCode.unauthenticated],
  [403, statusCode.permissionDenied],
  [404, statusCode.unimplemented],
  [429, statusCode.unavailable],
  [431, statusCode.internal],
  [502, statusCode.unavailable],
  [503, statusCode.unavailable],
  [504, statusCode.unavailable],
]);

const codesByReset: ReadonlyMap<number, StatusCode> = new Map<number, StatusCode>([
  [errorCode.refusedStream, statusCode.unavailable],
  [errorCode.cancel, statusCode.cancelled],
  [errorCode.enhanceYourCalm, statusCode.resourceExhausted],
  [errorCode.inadequateSecurity, statusCode.permissionDenied],
]);

/** The code in a value of `grpc-status`. A value that is not one of the 17, in its shortest form, is UNKNOWN. */
export function parseStatus(value: string): StatusCode {
  return codesByValue.get(value) ?? statusCode.unknown;
}

/**
 * The code in a header list: that of `grpc-status`; without one, that of the HTTP status, or UNKNOWN.
 */
export function statusIn(headers: HeaderList): StatusCode {
  let code: StatusCode = statusCode.unknown;
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] as string;
    if (headers[i] === "grpc-status") return parseStatus(value);
    if (headers[i] === ":status") code = statusOfHttp(Number(value));
  }
  return code;
}

/**
 * The code of a response that has no `grpc-status` (http-grpc-status-mapping.md). A server never goes the other way.
 *
 * @param httpStatus - The response's `:status`. 200 is UNKNOWN as well: a call that went well has a `grpc-status`.
 */
export function statusOfHttp(httpStatus: number): StatusCode {
  return codesByHttp.get(httpStatus) ?? statusCode.unknown;
}

/**
 * The code of a call that the server ended with RST_STREAM (PROTOCOL-HTTP2, "Errors"). A code that HTTP/2 does not know is
 * INTERNAL, as INTERNAL_ERROR is (RFC 9113, section 7).
 *
 * UNAVAILABLE for REFUSED_STREAM says that the call was not processed. A client whose deadline has passed takes
 * DEADLINE_EXCEEDED in place of CANCELLED (PROTOCOL-HTTP2, "Client Cancellation").
 *
 * @param http2Code - The error code of the RST_STREAM.
 */
export function statusOfReset(http2Code: number): StatusCode {
  return codesByReset.get(http2Code) ?? statusCode.internal;
}
