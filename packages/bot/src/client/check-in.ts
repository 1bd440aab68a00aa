import type { Metadata } from "@grpc/grpc-js";
import type { Channel } from "./channel.js";

// Every server of a fleet has it, and any bot may call it: a token that comes along is kept for the connection.
const path = "/grpc.health.v1.Health/Check";
const nothing = Buffer.alloc(0);
const bytes = (buffer: Buffer) => buffer;

/** How long a server has to answer, in milliseconds. */
const timeoutMs = 10_000;

/**
 * Says something to the server of a channel, in the metadata of a health check. Resolves with the metadata of the answer,
 * whatever the answer was: a server of another kind may know nothing of it. Rejects when the server was not reached, or did
 * not take the token. `authorization` is the token in the metadata, if there is one.
 */
export function checkIn(channel: Channel, metadata: Metadata, authorization?: string): Promise<Metadata | undefined> {
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

// CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE, UNAUTHENTICATED: the connection, or what was shown on it, is of no use.
const unreachedCodes: ReadonlySet<number> = new Set([1, 4, 14, 16]);
