import type { CaCertificateRow } from "../store/schema.js";
import type { CaBasis } from "./ca-basis.js";
import { type CaState, caState, intermediatesOf, renewalDue, rootLeadMs, rootsOf } from "./ca-schedule.js";

/** The state of a root and of the intermediate below it. */
export interface CaStatus {
  readonly root: CaCertificateRow;
  readonly state: CaState;
  /** Whether the authority has the root's private key. It needs the key only when the intermediate is due. */
  readonly rootKeyAtHand: boolean;
  /** The signing intermediate; absent when the root signs leaves itself. */
  readonly intermediate: CaCertificateRow | undefined;
  /** The number of valid bot certificates below the root. */
  readonly validLeaves: number;
  /** The actions that an operator has to take, and how. */
  readonly warnings: readonly string[];
}

/** Returns the state of every root of the fleet, the oldest first. */
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

/** Returns the actions that an operator has to take for a root. Pure. */
export function caWarnings(
  { root, state, rootKeyAtHand, intermediate }: Omit<CaStatus, "warnings">,
  now: number,
): string[] {
  const warnings: string[] = [];
  if (state === "active" && now >= root.notAfter - rootLeadMs) {
    warnings.push(`The root expires at ${iso(root.notAfter)}: prepare its successor with "interlock ca prepare".`);
  }
  if (state === "active" && !intermediate) {
    warnings.push(
      'The root signs leaves itself, so its key cannot be kept offline: run "interlock ca activate" for its successor.',
    );
  }
  if (intermediate && state !== "retiring" && !rootKeyAtHand && now >= renewalDue(intermediate)) {
    const end = `The intermediate expires at ${iso(intermediate.notAfter)}, and the root's key is offline`;
    warnings.push(`${end}: run "interlock ca csr", "interlock ca sign" with the root, and "interlock ca import".`);
  }
  return warnings;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
