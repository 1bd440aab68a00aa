import { isFundamental, type RetireSubject, subjectText } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";

/**
 * Refuses the retirement of what the fleet does not work without, and of the operator that asks: its connection would end with
 * the first step, and nobody would do the others, or sign the record. No option allows it.
 */
export function refuseOwn(subject: RetireSubject, operator: string): void {
  const { kind, name } = subject;
  if (kind === "bot" ? name === "interlock/authority" : isFundamental(name)) {
    throw new InterlockError(
      "INVALID_ARGUMENT",
      `${subjectText(subject)} cannot be retired: the fleet does not work without it.`,
    );
  }
  if (kind === "bot" && name === operator) {
    throw new InterlockError(
      "FAILED_PRECONDITION",
      `${name} cannot retire itself: have another operator do it ("interlock retire bot ${name} --name operator/OTHER").`,
    );
  }
}
