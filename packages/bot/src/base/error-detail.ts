import type { Codec, Init } from "@interlock/policy";

/** A detail of an error: a message of any type, as `google.rpc.Status` holds it. */
export interface ErrorDetail {
  /** Ends with `/` and the full name of the message's type. */
  readonly typeUrl: string;
  /** The message. */
  readonly value: Uint8Array;
}

/** The beginning of the type URLs of details. */
const urlPrefix = "type.googleapis.com/";

/** The type of the detail that holds a reason; only the fields of an error itself say it. */
export const reasonType = "google.rpc.ErrorInfo";

/** The full name of the type of a detail: what follows the last slash (google/protobuf/any.proto). */
export function typeOf({ typeUrl }: ErrorDetail): string {
  return typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
}

/** Packs a message as a detail. Throws what the codec throws. */
export function packDetail<T>(type: string, codec: Codec<T>, message: Init<T>): ErrorDetail {
  return { typeUrl: urlPrefix + type, value: codec.encode(codec.fromPartial(message)).finish() };
}

/** Finds the first detail of a type; `undefined` where there is none, or it cannot be read. */
export function unpackDetail<T>(details: readonly ErrorDetail[], type: string, codec: Codec<T>): T | undefined {
  const found = details.find((detail) => typeOf(detail) === type);
  try {
    return found && codec.decode(found.value);
  } catch {
    return undefined;
  }
}

/**
 * Checks details that are to be sent.
 *
 * @throws A `TypeError` for one without a type, and for one that would pass for the reason of the error.
 */
export function checkDetails(details: readonly ErrorDetail[]): void {
  for (const detail of details) {
    const type = typeOf(detail);
    if (type === reasonType) throw new TypeError(`${reasonType} is no detail: give "reason", "domain" and "metadata".`);
    if (!/^[A-Za-z_][\w.]{0,511}$/.test(type)) {
      throw new TypeError(`"${type.slice(0, 64)}" is no full name of a message: write package.Message.`);
    }
  }
}
