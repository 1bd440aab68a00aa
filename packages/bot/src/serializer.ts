import type { Codec } from "@interlock/policy";

/** Writes what a caller or a handler gave, fields left out and all, as the bytes of a whole message. */
export function serializer(codec: Codec<unknown>): (message: unknown) => Buffer {
  return (message) => {
    const bytes = codec.encode(codec.fromPartial(message as object)).finish();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}
