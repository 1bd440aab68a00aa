import type { CaCertificateRow } from "../store/schema.js";
import type { CaBasis } from "./ca-basis.js";
import { type CaState, caState, intermediatesOf, renewalDue, rootLeadMs, rootsOf } from "./ca-schedule.js";

/** A root, what is below it, and what an operator should know. */
export interface CaStatus {
  readonly root: CaCertificateRow;
  readonly state: CaState;
  /** Whether the authority can reach the root's private key. It does without, until the intermediate is due. */
  readonly rootKeyAtHand: boolean;
  /** The one that signs; absent where the root signs leaves itself. */
  readonly intermediate: CaCertificateRow | undefined;
  /** Certificates of bots that lead to it and are valid. */
  readonly validLeaves: number;
  /** What has to be done, and how; empty when nothing has. */
  readonly warnings: readonly string[];
}

/** How every root of the fleet stands, the oldest first. */
export async function caStatuses({ store, keys, clock }: CaBasis): Promise<CaStatus[]> {
  const rows = await store.caCertificates.list();
  const roots = rootsOf(rows);
  const now = clock.now();
  const statuses: CaStatus[] = [];
  for (const root of roots) {
    const facts = {
      root,
      state: caState(root, roots),
      rootKeyAtHand: root.keyName !== "" && (await keys.read(root.keyName)) !== undefined,
      intermediate: intermediatesOf(root, rows)[0],
      validLeaves: await store.certificates.countValid(root.digest, now),
    };
    statuses.push({ ...facts, warnings: caWarnings(facts, now) });
  }
  return statuses;
}

/** What an operator has to do about a root. Pure. */
export function caWarnings(
  { root, state, rootKeyAtHand, intermediate }: Omit<CaStatus, "warnings">,
  now: number,
): string[] {
  const warnings: string[] = [];
  if (state === "active" && now >= root.notAfter - rootLeadMs) {
    warnings.push(`The root runs out at ${iso(root.notAfter)}: "interlock ca prepare" its successor.`);
  }
  if (state === "active" && !intermediate) {
    warnings.push(
      'The root signs leaves itself, so its key cannot be taken away: "interlock ca activate" its successor.',
    );
  }
  if (intermediate && state !== "retiring" && !rootKeyAtHand && now >= renewalDue(intermediate)) {
    const end = `The intermediate runs out at ${iso(intermediate.notAfter)}, and the root's key is away`;
    warnings.push(`${end}: "interlock ca csr", "interlock ca sign" where the root is, "interlock ca import".`);
  }
  return warnings;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
