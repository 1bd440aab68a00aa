import { Metadata } from "@grpc/grpc-js";
import { ErrorInfo, Status } from "../gen/google/rpc/status.js";
import { boundUtf8 } from "./bounded-text.js";
import { type ErrorDetail, reasonType, typeOf } from "./error-detail.js";
import { detailsKey, errorInfoType } from "./error-details.js";

/** The most bytes that an `ErrorInfo` takes in a status; with the message, all is below the 8 KiB that any peer takes. */
const maximumInfoBytes = 2_048;
/** The most bytes of a status with details: 4.25 KiB, which base64 makes 5.7, beside the message again in up to 2 KiB. */
const maximumStatusBytes = 4_352;
const maximumNameBytes = 128;
const maximumValueBytes = 1_024;

/** An error as trailing metadata. */
export interface EncodedStatus {
  readonly metadata: Metadata;
  /** The details that did not fit. */
  readonly leftOut: readonly ErrorDetail[];
}

/**
 * Writes an error as trailing metadata: a `google.rpc.Status`, with a `google.rpc.ErrorInfo` where there is one, and after it the
 * details of other types, each if it still fits. What is too long in the info is cut.
 */
export function encodeStatus(
  code: number,
  message: string,
  info: ErrorInfo | undefined,
  more: readonly ErrorDetail[] = [],
): EncodedStatus {
  const details = info ? [{ typeUrl: errorInfoType, value: ErrorInfo.encode(bounded(info)).finish() }] : [];
  const leftOut: ErrorDetail[] = [];
  let left = maximumStatusBytes - Buffer.byteLength(message) - (details[0]?.value.length ?? 0) - 4 * entryBytes;
  for (const detail of more) {
    const bytes = detail.value.length + Buffer.byteLength(detail.typeUrl) + 2 * entryBytes;
    const passesForInfo = typeOf(detail) === reasonType;
    if (bytes > left || passesForInfo) leftOut.push(detail);
    else {
      left -= bytes;
      details.push(detail as (typeof details)[number]);
    }
  }
  const metadata = new Metadata();
  const bytes = Status.encode({ code, message, details }).finish();
  metadata.set(detailsKey, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return { metadata, leftOut };
}

/** Writes an error without details of other types; see {@link encodeStatus}. */
export function encodeErrorInfo(code: number, message: string, info: ErrorInfo | undefined): Metadata {
  return encodeStatus(code, message, info).metadata;
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
