import type { FleetState } from "../model/fleet-state.js";

/** The shown moment: the state and its time, in milliseconds since the epoch. */
export interface Moment {
  readonly state: FleetState;
  readonly now: number;
  /** Whether the page is connected to its dashboard. */
  readonly connected: boolean;
}

/** A part of the page. */
export type View = (moment: Moment) => void;
