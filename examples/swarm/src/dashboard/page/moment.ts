import type { FleetState } from "../model/fleet-state.js";

/** What is shown: all that is known, and what time it is there, in milliseconds since the epoch. */
export interface Moment {
  readonly state: FleetState;
  readonly now: number;
  /** Whether the page itself is in touch with its dashboard. */
  readonly connected: boolean;
}

/** A part of the page. */
export type View = (moment: Moment) => void;
