import type { Client, Metadata } from "@grpc/grpc-js";
import type { Answered } from "./call-under-way.js";

// Every server of a fleet has this method, any bot may call it, and a token that is sent with it is kept for the connection.
const path = "/grpc.health.v1.Health/Check";
const nothing = Buffer.alloc(0);
const bytes = (buffer: Buffer) => buffer;

/** The part of a `Channel` that is used here. */
interface CheckedChannel {
  readonly client: Client;
  watchHeaders(call: Answered, authorization?: string): void;
}

/** The time that a server has to answer by default, in milliseconds. */
const defaultTimeoutMs = 10_000;

/**
 * Sends metadata to the server of a channel, with a health check. Resolves with the metadata of the answer, whatever its
 * status: a server of another kind may not know the method. Rejects when the server was not reached, or refused the token.
 * `authorization` is the token in the metadata, if there is one.
 */
export function checkIn(
  channel: CheckedChannel,
  metadata: Metadata,
  authorization?: string,
  timeoutMs = defaultTimeoutMs,
): Promise<Metadata | undefined> {
  return new Promise((resolve, reject) => {
    let head: Metadata | undefined;
    const options = { deadline: Date.now() + timeoutMs };
    const call = channel.client.makeUnaryRequest(path, bytes, bytes, nothing, metadata, options, (error) => {
      const unreached = error && head === undefined && unreachedCodes.has(error.code);
      if (unreached) reject(error);
      else resolve(head);
    });
    call.once("metadata", (received: Metadata) => {
      head = received;
    });
    channel.watchHeaders(call, authorization);
  });
}

// CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE, UNAUTHENTICATED: the connection, or the token shown on it, is of no use.
const unreachedCodes: ReadonlySet<number> = new Set([1, 4, 14, 16]);
