import { type Code, InterlockError } from "@interlock/bot";

/** The gRPC status codes by name, in the order of their numbers. */
const codes: readonly Code[] = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/** Waits for a call, and returns its gRPC status code as text. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "0";
  } catch (error) {
    return String(codes.indexOf(InterlockError.from(error).code));
  }
}
