import type { Codec } from "@interlock/policy";
import { CheckedWriter } from "./checked-writer.js";
import { unwritable } from "./unwritable.js";

// Node takes copies of up to half its pool's size from the pool; larger ones are not worth a copy.
const copyBelow = Buffer.poolSize >>> 1;

/** After a longer message the writer is not used again, since it keeps as much memory as its longest message needed, or twice that. */
const keptAtMost = 4 * 1_024 * 1_024;

/**
 * Writes one message after the other into the same memory: a new writer grows for each long message, and the memory that it grew
 * out of is all that there is to collect. Absent while it is in use: a codec may write another message on its way.
 */
let shared: CheckedWriter | undefined = new CheckedWriter();

/** The codecs of ts-proto take the writer as their second argument. Another one may make its own. */
interface WritingCodec extends Codec<unknown> {
  encode(message: unknown, writer?: CheckedWriter): { finish(): Uint8Array };
}

/**
 * Makes the function that writes what a caller or a handler gave, a partial message, as the bytes of a whole one. It throws an
 * `UnwritableMessage`, which names the field, for a value that its field cannot hold. A field that is `undefined` or `null` is
 * one that is left out, as the types say.
 */
export function serializer(codec: Codec<unknown>): (message: unknown) => Buffer {
  const writing = codec as WritingCodec;
  const write = (message: unknown) => {
    const writer = shared ?? new CheckedWriter();
    shared = undefined;
    try {
      const written = writing.encode(writing.fromPartial(message as object), writer);
      const bytes = written.finish();
      if (written === writer && bytes.length <= keptAtMost) shared = writer;
      return bytes;
    } finally {
      shared ??= new CheckedWriter(); // What was written of a message with a fault is still in the other one.
    }
  };
  return (message) => {
    let bytes: Uint8Array;
    try {
      bytes = write(message);
    } catch (fault) {
      throw unwritable(write, message, fault);
    }
    // A small array lives on V8's heap until its `buffer` is read: copying it is much cheaper.
    return bytes.length < copyBelow
      ? Buffer.from(bytes)
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

/** Passes bytes that a {@link serializer} has written. */
export function asWritten(bytes: unknown): Buffer {
  return bytes as Buffer;
}
