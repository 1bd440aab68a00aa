import { setMaxListeners } from "node:events";
import type { Metadata } from "@grpc/grpc-js";
import { checkMetadata } from "../base/check-metadata.js";
import { InterlockError } from "../base/error.js";
import { currentCall } from "../context.js";

/** The options of one call. */
export interface CallOptions {
  /**
   * The time to wait, in milliseconds; beyond 24.8 days there is no limit. Default: 30,000 for unary and client-streaming
   * calls, no limit for the others.
   */
  readonly timeoutMs?: number;
  /** Cancels the call when it aborts. */
  readonly signal?: AbortSignal;
  /**
   * Metadata to send along: at most 100 values, 32 KiB in all. It must not hold `authorization`, nor other names that Interlock,
   * gRPC or HTTP/2 set.
   */
  readonly metadata?: Metadata;
  /** Whether to ignore the deadline and the cancellation of the call that is being served. Default: false. */
  readonly detached?: boolean;
  /** Whether to wait for a server that cannot be reached now, as long as the deadline allows. Default: that of the client. */
  readonly waitForReady?: boolean;
  /**
   * Gets the metadata that the handler sends before its first message, if the call gets as far as that. What it throws ends the
   * call.
   *
   * @example
   * ```ts
   * await gripper.grip({ newtons: 4 }, { onHeaders: (headers) => console.log(headers.get("x-firmware")) });
   * ```
   */
  readonly onHeaders?: (headers: Metadata) => void;
  /**
   * Gets the metadata that the handler sends with its status, before the call resolves or rejects; on a stream, after the last
   * message has been read. What it throws, the call rejects with.
   */
  readonly onTrailers?: (trailers: Metadata) => void;
}

/** The default time that a call with one answer waits, in milliseconds. */
export const defaultTimeoutMs = 30_000;

/** The deadline of a call, and the signals that cancel it before. */
export interface CallBounds {
  /** Milliseconds since the epoch; `Infinity` for no deadline. */
  readonly deadline: number;
  /** Each cancels the call. */
  readonly signals: readonly AbortSignal[];
}

/** The bounds of a call: its own, and those of the call that is being served. Throws a `TypeError` or an `InterlockError` when the options are unsound. */
export function boundsOf(options: CallOptions, defaultMs: number): CallBounds {
  const { timeoutMs = defaultMs, signal, detached, metadata } = options;
  if (metadata) checkMetadata(metadata);
  if (signal) setMaxListeners(0, signal); // Any number of calls may run under one.
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0)) {
    throw new TypeError(`timeoutMs is ${shown(timeoutMs)}; it must be a number of milliseconds above zero.`);
  }
  const parent = detached ? undefined : currentCall();
  const own = timeoutMs > longestTimeoutMs ? Number.POSITIVE_INFINITY : Date.now() + timeoutMs;
  const deadline = Math.min(own, parent?.deadline?.getTime() ?? Number.POSITIVE_INFINITY);
  return { deadline, signals: signal || parent ? [signal, parent?.signal].filter((s) => s !== undefined) : none };
}

/** The longest that a timer of Node waits: 24.8 days. A deadline beyond it is none. */
const longestTimeoutMs = 2 ** 31 - 1;

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : String(value);
}

const none: readonly AbortSignal[] = [];

/** The error of a call that one of its signals has canceled; `undefined` when none has aborted. */
export function cancellationOf({ signals }: CallBounds): InterlockError | undefined {
  const aborted = signals.find((signal) => signal.aborted);
  if (!aborted) return undefined;
  if (aborted.reason instanceof InterlockError) return aborted.reason;
  return new InterlockError("CANCELLED", "The call was canceled.", { cause: aborted.reason });
}
