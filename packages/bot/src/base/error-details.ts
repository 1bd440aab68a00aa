import { Metadata } from "@grpc/grpc-js";
import { ErrorInfo, Status } from "../gen/google/rpc/status.js";

const key = "grpc-status-details-bin";
const typeUrl = "type.googleapis.com/google.rpc.ErrorInfo";

/** Writes the reason of an error as trailing metadata: a `google.rpc.Status` with one `google.rpc.ErrorInfo`. */
export function encodeErrorInfo(code: number, message: string, info: ErrorInfo): Metadata {
  const value = ErrorInfo.encode(info).finish();
  const metadata = new Metadata();
  const bytes = Status.encode({ code, message, details: [{ typeUrl, value }] }).finish();
  metadata.set(key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return metadata;
}

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
