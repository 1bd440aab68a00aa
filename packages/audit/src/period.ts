import { defaultWindowMs } from "./inputs/default-window.js";

/** The period that is judged. Times are milliseconds since the epoch. */
export interface Period {
  /** The begin; absent for all that is on record, for which nothing is too young. */
  readonly from?: number | undefined;
  /** The end: the time of the judgment. */
  readonly to: number;
}

/** How long before now the judgment begins, in milliseconds; "all" for everything on record. */
export type Window = number | "all";

/** The period of a window that ends now. */
export function periodOf(now: number, window: Window = defaultWindowMs): Period {
  return { from: window === "all" ? undefined : now - window, to: now };
}
