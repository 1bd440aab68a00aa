import type { Revocation } from "./revocation.js";

/** The subject of a revocation as it goes over the wire. */
export type WireSubject = { readonly $case: Revocation["kind"]; readonly value: string };

/** Converts the subject of a revocation to its form on the wire. */
export function subjectToWire({ kind, subject }: Pick<Revocation, "kind" | "subject">): WireSubject {
  return { $case: kind, value: subject };
}

/** Converts a subject from the wire; `undefined` for a message without a subject, or with one of an unknown kind. */
export function subjectFromWire(subject: WireSubject | undefined): Pick<Revocation, "kind" | "subject"> | undefined {
  return subject && { kind: subject.$case, subject: subject.value };
}
