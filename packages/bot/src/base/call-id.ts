import { randomUUID } from "node:crypto";
import type { Metadata } from "@grpc/grpc-js";

/** The key of the id in the trailing metadata of a refused or failed call. */
const key = "interlock-call-id";

/** Of a trace that is recorded: the ids of others may be those of many calls, and nobody can look them up. */
const traceparent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f][13579bdf]/;
const form = /^[0-9a-f]{16,32}$/;

/**
 * Makes the id by which both sides find a call in their logs: the trace id when the caller sent one of a trace that is sampled (W3C
 * Trace Context, `traceparent`), otherwise 16 random hex digits. It is made only for a call that is refused or fails.
 */
export function createCallId(metadata?: Metadata): string {
  const [value] = metadata?.get("traceparent") ?? [];
  const trace = typeof value === "string" ? traceparent.exec(value)?.[1] : undefined;
  return trace !== undefined && !/^0+$/.test(trace) ? trace : randomId();
}

/** Both ends of a UUID are random; Node draws many of them at once, and the bytes of a call by themselves would cost more. */
function randomId(): string {
  const uuid = randomUUID();
  return uuid.slice(0, 8) + uuid.slice(-8);
}

/** Adds the id of a call to its trailing metadata. */
export function setCallId(metadata: Metadata, callId: string): void {
  metadata.set(key, callId);
}

/** Reads the id of a call from its trailing metadata; `undefined` when there is none. */
export function callIdIn(metadata: Metadata | undefined): string | undefined {
  const [value] = metadata?.get(key) ?? [];
  return typeof value === "string" && form.test(value) ? value : undefined;
}
