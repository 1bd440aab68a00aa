import type { LiveCaller } from "./live-callers.js";
import type { RescanResult } from "./rescan.js";
import type { PlannedStep } from "./retirement-plan.js";
import type { RetireSubject } from "./subject.js";

/** What became of a step. */
export interface StepResult extends PlannedStep {
  /**
   * `done` now; `already` done before; `ticked off` by the operator's word; `not checked` because nothing is known of it;
   * `open` when it is still to be done.
   */
  readonly state: "done" | "already" | "ticked off" | "not checked" | "open";
  /** What was done or found, or what is left to do, in a sentence or two. */
  readonly result: string;
  /** When that was known, in milliseconds since the epoch. */
  readonly at: number;
}

/** Numbers of the fleet at one moment, by which the authority's own records tell before from after. */
export interface FleetMark {
  readonly grantsVersion: number;
  readonly trustVersion: number;
  /** The last record of the audit log. */
  readonly log: { readonly seq: number; readonly hash: string };
}

/** The record of a retirement, which its operator signs. Times are milliseconds since the epoch. */
export interface RetirementRecord {
  /** The version of this format. */
  readonly version: 1;
  readonly trustDomain: string;
  readonly subject: RetireSubject;
  /** The SPIFFE ID of the operator. */
  readonly operator: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Whether no step is open. */
  readonly complete: boolean;
  /** What the operator said against the caution of the command. */
  readonly forced: readonly ("despite-callers" | "force")[];
  /** The callers at that time. */
  readonly callers: readonly LiveCaller[];
  readonly doubts: readonly string[];
  readonly steps: readonly StepResult[];
  readonly before: FleetMark & { readonly scan: readonly RescanResult[] };
  readonly after: FleetMark & { readonly scan: readonly RescanResult[] };
}

/** The maximum size of a signed record, in bytes. */
export const maximumRecordBytes = 1_048_576;
