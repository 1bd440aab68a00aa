import { Metadata } from "@grpc/grpc-js";
import { ErrorInfo, Status } from "../gen/google/rpc/status.js";
import { boundUtf8 } from "./bounded-text.js";

const key = "grpc-status-details-bin";
const typeUrl = "type.googleapis.com/google.rpc.ErrorInfo";

/** The most bytes that an `ErrorInfo` takes in a status; with the message, all is below the 8 KiB that any peer takes. */
const maximumInfoBytes = 2_048;
const maximumNameBytes = 128;
const maximumValueBytes = 1_024;

/**
 * Writes an error as trailing metadata: a `google.rpc.Status`, with a `google.rpc.ErrorInfo` where there is one. What is too
 * long in it is cut.
 */
export function encodeErrorInfo(code: number, message: string, info: ErrorInfo | undefined): Metadata {
  const details = info ? [{ typeUrl, value: ErrorInfo.encode(bounded(info)).finish() }] : [];
  const metadata = new Metadata();
  const bytes = Status.encode({ code, message, details }).finish();
  metadata.set(key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return metadata;
}

/** Whether trailing metadata holds a `google.rpc.Status`: then a server has answered, and no client made it up. */
export function hasStatus(metadata: Metadata): boolean {
  return metadata.get(key).length > 0;
}

function bounded({ reason, domain, metadata }: ErrorInfo): ErrorInfo {
  const kept: Record<string, string> = {};
  let left = maximumInfoBytes - 2 * maximumNameBytes;
  for (const [name, value] of Object.entries(metadata)) {
    const nameBytes = Buffer.byteLength(name);
    const room = Math.min(maximumValueBytes, left - nameBytes - entryBytes);
    if (nameBytes > maximumNameBytes || room < shortestValueBytes) continue;
    const text = boundUtf8(String(value), room);
    kept[name] = text;
    left -= nameBytes + Buffer.byteLength(text) + entryBytes;
  }
  const short = (text: string) => boundUtf8(text, maximumNameBytes - entryBytes);
  return { reason: short(reason), domain: short(domain), metadata: kept };
}

/** Tags and lengths of one entry, at the most. */
const entryBytes = 10;
const shortestValueBytes = 8;

/** Reads the `google.rpc.ErrorInfo` from trailing metadata; `undefined` when there is none that can be read. */
export function decodeErrorInfo(metadata: Metadata): ErrorInfo | undefined {
  const [bytes] = metadata.get(key);
  if (!(bytes instanceof Uint8Array)) return undefined;
  try {
    const info = Status.decode(bytes).details.find((detail) => detail.typeUrl === typeUrl);
    return info && ErrorInfo.decode(info.value);
  } catch {
    return undefined; // Another format than ours.
  }
}
