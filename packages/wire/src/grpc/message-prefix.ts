/** The bytes before each message: the Compressed-Flag and the Message-Length (PROTOCOL-HTTP2, "Length-Prefixed-Message"). */
export const prefixLength = 5;

/** The longest message that a prefix can announce. */
export const longestMessage = 2 ** 32 - 1;

/**
 * Writes the prefix of a message.
 *
 * @param target - Receives {@link prefixLength} bytes, for example where the payload of a DATA frame is being built.
 * @param offset - Where the prefix begins in it.
 * @param length - The length of the message in bytes, as it is sent; at most {@link longestMessage}.
 * @param compressed - Whether the message is compressed, as `grpc-encoding` says.
 * @returns The offset after the prefix, where the message begins.
 */
export function writePrefix(target: Buffer, offset: number, length: number, compressed: boolean): number {
  target[offset] = compressed ? 1 : 0;
  return target.writeUInt32BE(length, offset + 1);
}
