import type { Codec } from "@interlock/policy";

// Node keeps copies up to half its pool's size together; larger ones are not worth a copy.
const copyBelow = Buffer.poolSize >>> 1;

/** Writes what a caller or a handler gave, fields left out and all, as the bytes of a whole message. */
export function serializer(codec: Codec<unknown>): (message: unknown) => Buffer {
  return (message) => {
    const bytes = codec.encode(codec.fromPartial(message as object)).finish();
    // A small array lives on V8's heap until somebody asks for its `buffer`: to copy it is much the cheaper.
    return bytes.length < copyBelow
      ? Buffer.from(bytes)
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}
