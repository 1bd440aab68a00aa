import { RetryInfo } from "../gen/google/rpc/status.js";
import type { InterlockError } from "./error.js";
import { type ErrorDetail, packDetail, typeOf } from "./error-detail.js";

/** The type of the detail that says when the caller may try again. */
const retryType = "google.rpc.RetryInfo";

/** The longest time that is said: a day. A limiter that is set to less than a call a day makes longer ones. */
const maximumMs = 86_400_000;

/**
 * The `google.rpc.RetryInfo` of a refusal whose metadata has `retryAfterMs`, for callers that know no reasons of Interlock;
 * none for other errors, and for one that has such a detail already.
 */
export function retryInfo({ code, metadata, details }: InterlockError): readonly ErrorDetail[] {
  if (code !== "RESOURCE_EXHAUSTED" || metadata.retryAfterMs === undefined) return [];
  const ms = Math.min(Math.ceil(Number(metadata.retryAfterMs)), maximumMs);
  if (!(ms >= 0) || details.some((detail) => typeOf(detail) === retryType)) return [];
  const retryDelay = { seconds: BigInt(Math.floor(ms / 1_000)), nanos: (ms % 1_000) * 1_000_000 };
  return [packDetail(retryType, RetryInfo, { retryDelay })];
}
