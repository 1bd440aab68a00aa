import { defaultWindowMs } from "../inputs/default-window.js";
import type { AuditInputs } from "../inputs/inputs.js";

/** The milliseconds of a day. */
export const dayMs = 86_400_000;

/** Returns the beginning of the window, in milliseconds since the epoch. */
export function windowStart({ now, windowMs = defaultWindowMs }: AuditInputs): number {
  return now - windowMs;
}
