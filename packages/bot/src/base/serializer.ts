import type { Codec } from "@interlock/policy";

// Node takes copies of up to half its pool's size from the pool; larger ones are not worth a copy.
const copyBelow = Buffer.poolSize >>> 1;

/** Makes the function that writes what a caller or a handler gave, a partial message, as the bytes of a whole one. */
export function serializer(codec: Codec<unknown>): (message: unknown) => Buffer {
  return (message) => {
    const bytes = codec.encode(codec.fromPartial(message as object)).finish();
    // A small array lives on V8's heap until its `buffer` is read: copying it is much cheaper.
    return bytes.length < copyBelow
      ? Buffer.from(bytes)
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}
