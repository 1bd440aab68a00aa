import type { SourcePlace } from "./inputs/project.js";

/** The levels of severity, from the lowest. */
export const severities = ["info", "low", "medium", "high", "critical"] as const;

/** How urgent a finding is: one of {@link severities}. */
export type Severity = (typeof severities)[number];

/** What a rule has found. */
export interface Found {
  /** What it is about, for example `cafe.gripper.v1.GripperService/Grip`, `gripper/1` or `127.0.0.1:50051`: with the rule's id, its identity. */
  readonly subject: string;
  /** What is wrong, in one sentence. */
  readonly message: string;
  /** The facts that it rests on, each in one sentence. */
  readonly evidence: readonly string[];
  /** What to do, in one sentence. */
  readonly remedy: string;
  /** The command that does it. */
  readonly command?: string | undefined;
  /** Where it is mended; absent where no file of the project is known. */
  readonly place?: SourcePlace | undefined;
  /** Default: that of the rule. */
  readonly severity?: Severity | undefined;
}

/** A finding of an audit. */
export interface Finding extends Found {
  /** The id of the rule. */
  readonly rule: string;
  readonly severity: Severity;
}
