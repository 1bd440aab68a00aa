import type { CaCertificateRow } from "../store/schema.js";

/** The state of a root: published but not signing, signing, or only trusted for the leaves below it. */
export type CaState = "prepared" | "active" | "retiring";

const day = 24 * 3_600_000;

/**
 * How long before it expires an intermediate is renewed, or a warning says that it cannot be, in milliseconds: at most
 * 30 days.
 */
export const renewalLeadMs = 30 * day;

/** How long before a root expires a warning asks for its successor, in milliseconds. */
export const rootLeadMs = 365 * day;

/**
 * Returns the time to record for an addition or activation at `now`: later than every time on record, even if the clock
 * of this replica is slow. The order of these times decides what signs.
 */
export function timeAfter(rows: readonly CaCertificateRow[], now: number): number {
  const known = rows.flatMap(({ createdAt, activatedAt }) => [createdAt, activatedAt ?? 0]);
  return Math.max(now, ...known.map((time) => time + 1));
}

/** Returns the roots among `rows`, in the same order: the oldest first. */
export function rootsOf(rows: readonly CaCertificateRow[]): CaCertificateRow[] {
  return rows.filter(({ digest, root }) => digest === root);
}

/** Returns the intermediates below a root, the newest first. */
export function intermediatesOf(root: CaCertificateRow, rows: readonly CaCertificateRow[]): CaCertificateRow[] {
  return rows.filter((row) => row.root === root.digest && row.digest !== root.digest).reverse();
}

/** Returns the root below which leaves are signed: the one that was activated last. */
export function activeRoot(roots: readonly CaCertificateRow[]): CaCertificateRow | undefined {
  return activatedRoots(roots).at(-1);
}

/** Returns the state of a root. */
export function caState(root: CaCertificateRow, roots: readonly CaCertificateRow[]): CaState {
  if (root.activatedAt === null) return "prepared";
  return root.digest === activeRoot(roots)?.digest ? "active" : "retiring";
}

/**
 * Returns when an intermediate is due for renewal: 30 days before it expires, or when a third of its lifetime is left.
 */
export function renewalDue({ createdAt, notAfter }: CaCertificateRow): number {
  return notAfter - Math.min(renewalLeadMs, (notAfter - createdAt) / 3);
}

/** Returns the roots that sign or have signed, in the order of their activation. */
export function activatedRoots(roots: readonly CaCertificateRow[]): CaCertificateRow[] {
  return roots
    .filter(({ activatedAt }) => activatedAt !== null)
    .sort((a, b) => Number(a.activatedAt) - Number(b.activatedAt));
}
