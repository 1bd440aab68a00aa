import type { CaCertificateRow } from "../store/schema.js";

/** Where a root stands: published and not signing yet, signing, or trusted still for the leaves below it. */
export type CaState = "prepared" | "active" | "retiring";

const day = 24 * 3_600_000;

/** How long before its end an intermediate is renewed, or an operator told that it cannot be, in milliseconds: 30 days at most. */
export const renewalLeadMs = 30 * day;

/** How long before its end an operator is told that a root wants a successor, in milliseconds. */
export const rootLeadMs = 365 * day;

/**
 * The time that is written down for what is added or activated at `now`: after everything that is on record, whatever the
 * clock of the replica says that did it. The order of these times decides what signs.
 */
export function timeAfter(rows: readonly CaCertificateRow[], now: number): number {
  const known = rows.flatMap(({ createdAt, activatedAt }) => [createdAt, activatedAt ?? 0]);
  return Math.max(now, ...known.map((time) => time + 1));
}

/** The roots among `rows`, which are the oldest first. */
export function rootsOf(rows: readonly CaCertificateRow[]): CaCertificateRow[] {
  return rows.filter(({ digest, root }) => digest === root);
}

/** The intermediates below a root, the newest first. */
export function intermediatesOf(root: CaCertificateRow, rows: readonly CaCertificateRow[]): CaCertificateRow[] {
  return rows.filter((row) => row.root === root.digest && row.digest !== root.digest).reverse();
}

/** The root below which leaves are signed: the one that was activated last. */
export function activeRoot(roots: readonly CaCertificateRow[]): CaCertificateRow | undefined {
  return activatedRoots(roots).at(-1);
}

/** Where a root stands. */
export function caState(root: CaCertificateRow, roots: readonly CaCertificateRow[]): CaState {
  if (root.activatedAt === null) return "prepared";
  return root.digest === activeRoot(roots)?.digest ? "active" : "retiring";
}

/** When an intermediate is due to be renewed: 30 days before its end, or when a third of its life is left. */
export function renewalDue({ createdAt, notAfter }: CaCertificateRow): number {
  return notAfter - Math.min(renewalLeadMs, (notAfter - createdAt) / 3);
}

/** The roots that sign, or have signed, in the order in which they began to. */
export function activatedRoots(roots: readonly CaCertificateRow[]): CaCertificateRow[] {
  return roots
    .filter(({ activatedAt }) => activatedAt !== null)
    .sort((a, b) => Number(a.activatedAt) - Number(b.activatedAt));
}
