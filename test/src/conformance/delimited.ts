import type { Readable, Writable } from "node:stream";
import type { Codec } from "@interlock/policy";

// connectrpc/conformance speaks to the programs that it tests by messages with their length before them, in four bytes.

/** Reads the messages of a stream until it ends. */
export async function* readMessages<T>(from: Readable, codec: Codec<T>): AsyncGenerator<T> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const bytes of from) {
    rest = Buffer.concat([rest, bytes as Buffer]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE()) {
      const end = 4 + rest.readUInt32BE();
      yield codec.decode(rest.subarray(4, end));
      rest = rest.subarray(end);
    }
  }
}

/** Writes one message. */
export function writeMessage<T>(to: Writable, codec: Codec<T>, message: T): void {
  const bytes = codec.encode(message as never).finish();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  to.write(Buffer.concat([length, bytes]));
}
