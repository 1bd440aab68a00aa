import { compress } from "@interlock/wire";
import { packing } from "./answers.js";

/** A message as it is sent. */
export interface PackedMessage {
  readonly bytes: Buffer;
  readonly flags: number;
}

/** A message of fewer bytes is not worth compressing. */
const leastPackedBytes = 1_024;

/** Compresses a message of an answer; `undefined` for one that is not worth it. What does not become smaller stays as it is. */
export function packAnswer(message: Buffer): Promise<PackedMessage> | undefined {
  if (message.length < leastPackedBytes) return undefined;
  return compress(packing, message).then((bytes) =>
    bytes.length < message.length ? { bytes, flags: 1 } : { bytes: message, flags: 0 },
  );
}
