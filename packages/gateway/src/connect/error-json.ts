import { fromBinary, type Registry, toJson } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { ErrorInfo } from "@interlock/bot/internal";
import type { CallStatus, Detail } from "./call-status.js";
import { connectCodeOf } from "./code.js";

/** An error as Connect writes it (Connect protocol, "Error and EndStreamResponse"). */
export interface ErrorJson {
  readonly code: string;
  readonly message?: string;
  readonly details?: readonly { readonly type: string; readonly value: string; readonly debug?: unknown }[];
}

/**
 * Writes a status that is not OK as JSON.
 *
 * @param types - Knows the types of details, so that they can be read as JSON beside their bytes; ours are known anyway.
 */
export function errorJson({ code, message, details }: CallStatus, types: Registry | undefined): ErrorJson {
  return {
    code: connectCodeOf(code).name,
    ...(message !== "" && { message }),
    ...(details.length > 0 && { details: details.map((detail) => detailJson(detail, types)) }),
  };
}

function detailJson(detail: Detail, types: Registry | undefined) {
  const debug = readable(detail, types);
  return {
    type: typeOf(detail),
    value: Buffer.from(detail.value).toString("base64").replace(/=+$/, ""),
    ...(debug !== undefined && { debug }),
  };
}

function readable(detail: Detail, types: Registry | undefined): unknown {
  const type = typeOf(detail);
  try {
    if (type === "google.rpc.ErrorInfo") return ErrorInfo.decode(detail.value);
    if (type === "google.rpc.RetryInfo") {
      const delay = retryDelay(detail.value);
      return delay ? { retryDelay: toJson(DurationSchema, delay) } : {};
    }
    const desc = types?.getMessage(type);
    return desc && toJson(desc, fromBinary(desc, detail.value), types ? { registry: types } : {});
  } catch {
    return undefined; // Its bytes are there all the same.
  }
}

/** In how many seconds a call may be made again, as the details say it: whole ones, rounded up; `undefined` where they do not. */
export function retryAfterSeconds({ details }: CallStatus): number | undefined {
  for (const detail of details) {
    try {
      if (typeOf(detail) === "google.rpc.RetryInfo") {
        const delay = retryDelay(detail.value);
        if (delay) return Math.max(0, Math.ceil(Number(delay.seconds) + delay.nanos / 1e9));
      } else if (typeOf(detail) === "google.rpc.ErrorInfo") {
        const { retryAfterMs } = ErrorInfo.decode(detail.value).metadata;
        if (retryAfterMs !== undefined && /^\d{1,12}$/.test(retryAfterMs))
          return Math.ceil(Number(retryAfterMs) / 1_000);
      }
    } catch {
      // The next one may say it.
    }
  }
  return undefined;
}

/** `retry_delay`, field 1 of `google.rpc.RetryInfo`. */
function retryDelay(bytes: Uint8Array) {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) return fromBinary(DurationSchema, reader.bytes());
    reader.skip(wireType);
  }
  return undefined;
}

function typeOf({ typeUrl }: Detail): string {
  return typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
}
