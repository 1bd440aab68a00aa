import type { Unsubscribe } from "../base/subscription.js";

/** Whether the source of an identity can be reached, such as a SPIFFE agent. */
export interface SourceContact {
  /** Since when it has not been reached, in milliseconds since the epoch; `undefined` while it is. */
  readonly awaySince: number | undefined;
  /**
   * Calls `listener` when the source cannot be reached any more (true), and when it is reached again (false).
   *
   * @param listener - Gets the new state.
   * @returns A function that ends the subscription.
   */
  onChange(listener: (away: boolean) => void): Unsubscribe;
}
