import { parseSpiffeId } from "@interlock/policy";
import { invalid } from "../invalid.js";

/**
 * Returns the name in a SPIFFE ID; empty for a text that is none. A bot of another trust domain goes by its whole SPIFFE ID, so that
 * it is not taken for one of the fleet.
 */
export function nameOf(uri: string, trustDomain: string): string {
  const id = parseSpiffeId(uri);
  return id?.trustDomain === trustDomain ? id.name : (id?.uri ?? "");
}

/** Returns a time of a request in milliseconds since the epoch. Throws `INVALID_ARGUMENT` for one that no date can hold. */
export function timeOf(at: Date | undefined): number | undefined {
  const ms = at?.getTime();
  if (ms !== undefined && !Number.isSafeInteger(ms)) throw invalid("A time is out of range.");
  return ms;
}
