import type { SourcePlace } from "../inputs/project.js";

/** A decision of the project to live with a finding until a day. */
export interface Suppression {
  /** The id of the rule. */
  readonly rule: string;
  /** The subject of the finding; with `*` at its end, every subject that begins so. */
  readonly subject: string;
  readonly reason: string;
  /** The first day on which it hides nothing, `YYYY-MM-DD`, in UTC. */
  readonly expires: string;
  readonly place: SourcePlace;
}

/** A decision of the project to loosen the policy of a method. */
export interface Approval {
  /** `package.Service/Method`. */
  readonly method: string;
  readonly reason: string;
  readonly place: SourcePlace;
}

/** What the file `interlock.audit.yaml` of a project says. */
export interface AuditFile {
  readonly suppressions: readonly Suppression[];
  readonly approvals: readonly Approval[];
}

/** Whether a suppression is about a finding, whether or not it has expired. */
export function isAbout(
  suppression: Suppression,
  { rule, subject }: { readonly rule: string; readonly subject: string },
): boolean {
  if (suppression.rule !== rule) return false;
  return suppression.subject.endsWith("*")
    ? subject.startsWith(suppression.subject.slice(0, -1))
    : subject === suppression.subject;
}

/** Whether a suppression has expired. */
export function isExpired({ expires }: Suppression, now: number): boolean {
  return now >= Date.parse(expires);
}
