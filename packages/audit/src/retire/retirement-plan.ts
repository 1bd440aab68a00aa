import type { Grants } from "@interlock/policy/grants";
import type { KnownMethod } from "./known-methods.js";
import type { LiveCallers } from "./live-callers.js";
import type { SpentGrants } from "./spent-grants.js";
import type { RetireSubject } from "./subject.js";
import type { Targets } from "./targets.js";

/** The steps of a retirement. */
export type StepId =
  | "revoke"
  | "membership"
  | "methods"
  | "grants"
  | "grants-file"
  | "directory"
  | "gateway"
  | "mesh"
  | "dns"
  | "unit"
  | "rescan";

/** A step before it is done. */
export interface PlannedStep {
  readonly id: StepId;
  /** What it does, in a sentence. */
  readonly does: string;
  /** By what it is done: by Interlock, by a hook of the operator's, by somebody and ticked off by a check, or by nothing known. */
  readonly by: "interlock" | "hook" | "check" | "nothing";
  /** What it concerns, each in a few words. */
  readonly details: readonly string[];
  /** What shows that it is done. */
  readonly proof: string;
}

/** The plan of a retirement. */
export interface RetirementPlan extends LiveCallers, SpentGrants, Targets {
  readonly subject: RetireSubject;
  /** When it was made, in milliseconds since the epoch. */
  readonly at: number;
  /** Whether the fleet or the project knows the subject. */
  readonly known: boolean;
  /** Whether the bot has joined this authority; false for one whose certificate comes from elsewhere. */
  readonly joined: boolean;
  /** The methods that go, `package.Service/Method`. */
  readonly methods: readonly KnownMethod[];
  /** The full names of the services that the subject serves or is. */
  readonly services: readonly string[];
  /** Grants of the project's own file that go, so that they do not come back with it. */
  readonly removedFromFile: Grants;
  readonly steps: readonly PlannedStep[];
}
