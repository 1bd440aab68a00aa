import type { Found, Severity } from "./finding.js";
import type { AuditInputs } from "./inputs/inputs.js";

/** A part of the inputs that a rule cannot judge without. */
export type Need = "project" | "grantsFile" | "fleet" | "scan" | "log" | "joinTokens";

/** What documents and reports say of a rule. */
export interface RuleFacts {
  /** Stable, in kebab case, for example `past-sunset`. */
  readonly id: string;
  readonly severity: Severity;
  /** What it finds, in a few words. */
  readonly title: string;
  /** What it finds, and why that matters, in one or two sentences. */
  readonly description: string;
  /** What mends it, in one sentence. */
  readonly remedy: string;
  /** Its item of the OWASP API Security Top 10 2023, for example `API9:2023 Improper Inventory Management`. */
  readonly owasp: string;
  /** The inputs without which nothing is found and nothing is said to be right. */
  readonly needs: readonly Need[];
}

/** A rule of the audit: a pure function from inputs to findings, and what documents say of it. */
export interface Rule extends RuleFacts {
  /** Finds. Inputs that are absent lead to no finding. */
  find(inputs: AuditInputs): readonly Found[];
}
