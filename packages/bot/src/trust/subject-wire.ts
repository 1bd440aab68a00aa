import type { Revocation } from "./revocation.js";

/** The subject of a revocation over the wire. */
export type WireSubject = { readonly $case: (typeof caseOf)[Revocation["kind"]]; readonly value: string };

const caseOf = {
  identity: "spiffeId",
  pattern: "identityPattern",
  certificate: "certificateSerial",
  token: "tokenId",
} as const satisfies Record<Revocation["kind"], string>;

const kindOf = new Map(Object.entries(caseOf).map(([kind, $case]) => [$case, kind as Revocation["kind"]]));

/** Converts the subject of a revocation for the wire. */
export function subjectToWire({ kind, subject }: Pick<Revocation, "kind" | "subject">): WireSubject {
  return { $case: caseOf[kind], value: subject };
}

/** Reads the subject of a revocation from the wire; `undefined` for a kind that is not known here. */
export function subjectFromWire(subject: WireSubject | undefined): Pick<Revocation, "kind" | "subject"> | undefined {
  const kind = subject && kindOf.get(subject.$case);
  return kind && { kind, subject: subject.value };
}
