import type { Metadata } from "@grpc/grpc-js";
import { ErrorInfo, Status } from "../gen/google/rpc/status.js";
import { type ErrorDetail, reasonType, typeOf } from "./error-detail.js";

/** The trailing metadata with the `google.rpc.Status` of an answer. */
export const detailsKey = "grpc-status-details-bin";
/** The type of the detail that holds a reason. */
export const errorInfoType = "type.googleapis.com/google.rpc.ErrorInfo";

/** The most details that are read; an honest server sends few, and each costs memory for as long as the error lives. */
const maximumDetails = 64;

/** Reads the details in trailing metadata that are no `google.rpc.ErrorInfo`; none where they cannot be read. */
export function decodeDetails(metadata: Metadata): readonly ErrorDetail[] {
  const [bytes] = metadata.get(detailsKey);
  if (!(bytes instanceof Uint8Array)) return [];
  try {
    const { details } = Status.decode(bytes);
    return details.filter((detail) => typeOf(detail) !== reasonType).slice(0, maximumDetails);
  } catch {
    return []; // Another format than ours.
  }
}

/** Whether trailing metadata holds a `google.rpc.Status`: then a server has answered, and no client made it up. */
export function hasStatus(metadata: Metadata): boolean {
  return metadata.get(detailsKey).length > 0;
}

/** Reads the `google.rpc.ErrorInfo` from trailing metadata; `undefined` when there is none that can be read. */
export function decodeErrorInfo(metadata: Metadata): ErrorInfo | undefined {
  const [bytes] = metadata.get(detailsKey);
  if (!(bytes instanceof Uint8Array)) return undefined;
  try {
    const info = Status.decode(bytes).details.find((detail) => detail.typeUrl === errorInfoType);
    return info && ErrorInfo.decode(info.value);
  } catch {
    return undefined; // Another format than ours.
  }
}
