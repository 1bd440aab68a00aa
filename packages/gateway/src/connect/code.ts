import { statusCode } from "@interlock/wire";

/** A code of gRPC, as Connect has it. */
export interface ConnectCode {
  readonly name: string;
  /** The status of HTTP with which a unary call fails (Connect protocol, "Error codes"). */
  readonly http: number;
}

const codes: ReadonlyMap<number, ConnectCode> = new Map([
  [statusCode.cancelled, { name: "canceled", http: 499 }],
  [statusCode.unknown, { name: "unknown", http: 500 }],
  [statusCode.invalidArgument, { name: "invalid_argument", http: 400 }],
  [statusCode.deadlineExceeded, { name: "deadline_exceeded", http: 504 }],
  [statusCode.notFound, { name: "not_found", http: 404 }],
  [statusCode.alreadyExists, { name: "already_exists", http: 409 }],
  [statusCode.permissionDenied, { name: "permission_denied", http: 403 }],
  [statusCode.resourceExhausted, { name: "resource_exhausted", http: 429 }],
  [statusCode.failedPrecondition, { name: "failed_precondition", http: 400 }],
  [statusCode.aborted, { name: "aborted", http: 409 }],
  [statusCode.outOfRange, { name: "out_of_range", http: 400 }],
  [statusCode.unimplemented, { name: "unimplemented", http: 501 }],
  [statusCode.internal, { name: "internal", http: 500 }],
  [statusCode.unavailable, { name: "unavailable", http: 503 }],
  [statusCode.dataLoss, { name: "data_loss", http: 500 }],
  [statusCode.unauthenticated, { name: "unauthenticated", http: 401 }],
]);

const unknown = codes.get(statusCode.unknown) as ConnectCode;

/** The code of Connect for one of gRPC that is not OK. */
export function connectCodeOf(code: number): ConnectCode {
  return codes.get(code) ?? unknown;
}
