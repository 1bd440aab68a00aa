import type { AttributeValue, Span } from "@opentelemetry/api";
import { codeNames } from "../base/code.js";
import { errorDomain, type InterlockError } from "../base/error.js";
import { type OpenTelemetry, tellFault } from "../base/registered-opentelemetry.js";

/** Why a call ended that nobody refused; beside the reasons for which Interlock refuses something. */
export const endReasons = {
  CALL_CANCELED: "the caller canceled it",
  DEADLINE_PASSED: "its deadline passed",
  READER_LEFT: "the reader of its answers left before their end",
  CONNECTION_LOST: "the connection ended before it did",
  SERVER_CLOSED: "the server closed",
} as const;

/** A key of {@link endReasons}. */
export type EndReason = keyof typeof endReasons;

/** How a call ended, as its span says it. */
export interface CallEnding {
  /** The gRPC status code. */
  readonly code: number;
  /** A reason of Interlock, or an {@link EndReason}; absent for an answer, and an error of the handler's own. */
  readonly reason?: string | undefined;
}

/** The attributes of spans by names of our own; the others are those of the semantic conventions. */
export const ownAttributes = {
  reason: "interlock.reason",
  outcome: "interlock.outcome",
  caller: "interlock.caller",
  server: "interlock.server",
  previousAttempts: "interlock.previous_attempts",
} as const;

// The codes for which the server is to blame (semantic conventions for gRPC). A client fails with every code but OK.
const serverErrors: ReadonlySet<string> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

/** The reason of an error, if it is one of Interlock's. */
export function ownReason({ domain, reason }: Pick<InterlockError, "domain" | "reason">): string | undefined {
  return domain === errorDomain ? reason : undefined;
}

/** The reason of a call that nobody refused, so far as its code tells. */
export function reasonOfCode(code: string): EndReason | undefined {
  if (code === "CANCELLED") return "CALL_CANCELED";
  return code === "DEADLINE_EXCEEDED" ? "DEADLINE_PASSED" : undefined;
}

/** Ends the span of a call. */
export function endSpan(
  api: OpenTelemetry,
  span: Span,
  side: "client" | "server",
  { code, reason }: CallEnding,
  more: Readonly<Record<string, AttributeValue | undefined>> = {},
): void {
  const name = codeNames[code] ?? "UNKNOWN";
  const isError = side === "client" ? name !== "OK" : serverErrors.has(name);
  span.setAttributes({
    "rpc.response.status_code": name,
    ...(isError && { "error.type": name }),
    ...(reason !== undefined && { [ownAttributes.reason]: reason }),
    ...more,
  });
  if (isError) span.setStatus({ code: api.SpanStatusCode.ERROR });
  try {
    span.end(); // Processors of the program get it.
  } catch (fault) {
    tellFault(api, fault);
  }
}
