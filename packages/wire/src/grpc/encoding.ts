import {
  type CompressCallback,
  deflate,
  deflateSync,
  gunzip,
  gunzipSync,
  gzip,
  gzipSync,
  type InputType,
  inflate,
  inflateSync,
  type ZlibOptions,
} from "node:zlib";

/** The encodings of messages that are known here, by their names in `grpc-encoding` (PROTOCOL-HTTP2, "Content-Coding"). */
export type Encoding = "identity" | "gzip" | "deflate";

/**
 * Why a message cannot be decompressed. "too-large" is RESOURCE_EXHAUSTED; "unknown-encoding" is UNIMPLEMENTED where a server
 * tells it and INTERNAL where a client does (compression.md); the others are INTERNAL.
 */
export type EncodingFault =
  /** It becomes larger than is allowed. */
  | "too-large"
  /** Its bytes are not of its encoding, or their checksum is wrong. */
  | "corrupt"
  /** It ends too early. */
  | "cut-off"
  /** There are bytes after its end. */
  | "trailing-bytes"
  /** Its Compressed-Flag is 1, and the encoding of its stream is none (compression.md, "Test cases", 6). */
  | "not-declared"
  | "unknown-encoding";

/** The value of `grpc-accept-encoding` that offers every {@link Encoding}. */
export const offeredEncodings = "identity,deflate,gzip";

// A small message is done on this thread: that takes 10 to 60 µs, and another thread 80 µs more, whatever is in the message.
// A message that is small and becomes large is cut off here and begun anew on another thread, so neither end is unbounded.
const atOnceInput = 4 * 1_024;
const atOnceOutput = 32 * 1_024;

interface Codec {
  readonly pack: (bytes: InputType, options: ZlibOptions, done: CompressCallback) => void;
  readonly packAtOnce: (bytes: InputType, options: ZlibOptions) => Buffer;
  readonly unpack: (bytes: InputType, options: ZlibOptions, done: CompressCallback) => void;
  readonly unpackAtOnce: (bytes: InputType, options: ZlibOptions) => Buffer;
}

const codecs: ReadonlyMap<string, Codec> = new Map([
  ["gzip", { pack: gzip, packAtOnce: gzipSync, unpack: gunzip, unpackAtOnce: gunzipSync }],
  ["deflate", { pack: deflate, packAtOnce: deflateSync, unpack: inflate, unpackAtOnce: inflateSync }],
]);

/**
 * Compresses a message. The result can be larger than the message, which is then better sent as it is.
 *
 * @param encoding - What `grpc-encoding` says. With "identity" the message is given back.
 */
export async function compress(encoding: Encoding, message: Buffer): Promise<Buffer> {
  const codec = codecs.get(encoding);
  if (!codec) return message;
  if (message.length <= atOnceInput) return trimmed(codec.packAtOnce(message, {}));
  return new Promise((resolve, reject) => {
    codec.pack(message, {}, (error, packed) => (error ? reject(error) : resolve(trimmed(packed))));
  });
}

/**
 * Decompresses a message whose Compressed-Flag is 1.
 *
 * @param encoding - What `grpc-encoding` says; "identity" where it is missing.
 * @param packed - The message as it was sent.
 * @param maximumLength - The most bytes that may come of it, at least 1. No more is decompressed than that, and a chunk.
 */
export async function decompress(
  encoding: string,
  packed: Buffer,
  maximumLength: number,
): Promise<Buffer | EncodingFault> {
  if (encoding === "identity") return "not-declared";
  const codec = codecs.get(encoding);
  if (!codec) return "unknown-encoding";
  if (packed.length <= atOnceInput) {
    const message = unpackAtOnce(codec, packed, Math.min(maximumLength, atOnceOutput));
    if (message !== "too-large" || maximumLength <= atOnceOutput) return message;
  }
  return new Promise((resolve) => {
    codec.unpack(packed, { maxOutputLength: maximumLength, info: true }, (error, result) =>
      resolve(error ? faultOf(error) : checkEnd(result, packed)),
    );
  });
}

/** The known encodings in a value of `grpc-accept-encoding`, in their order. Unknown ones are passed over. */
export function parseAcceptEncoding(value: string): readonly Encoding[] {
  return value
    .split(",")
    .map((name) => name.trim())
    .filter(isEncoding);
}

function isEncoding(name: string): name is Encoding {
  return name === "identity" || codecs.has(name);
}

function unpackAtOnce(codec: Codec, packed: Buffer, maxOutputLength: number): Buffer | EncodingFault {
  try {
    return checkEnd(codec.unpackAtOnce(packed, { maxOutputLength, info: true }), packed);
  } catch (error) {
    return faultOf(error as NodeJS.ErrnoException);
  }
}

/** What node:zlib gives with the option `info`. Its types do not say so. */
interface Unpacked {
  readonly buffer: Buffer;
  /** Its `bytesWritten` counts what it has read of the input. */
  readonly engine: { readonly bytesWritten: number };
}

function checkEnd(result: unknown, packed: Buffer): Buffer | EncodingFault {
  const { buffer, engine } = result as Unpacked;
  return engine.bytesWritten === packed.length ? trimmed(buffer) : "trailing-bytes";
}

function faultOf({ code }: NodeJS.ErrnoException): EncodingFault {
  if (code === "ERR_BUFFER_TOO_LARGE") return "too-large";
  return code === "Z_BUF_ERROR" ? "cut-off" : "corrupt";
}

/** The bytes in memory of their own size. node:zlib gives a small result as a part of 16 KiB. */
function trimmed(bytes: Buffer): Buffer {
  return bytes.length * 2 < bytes.buffer.byteLength ? Buffer.from(bytes) : bytes;
}
