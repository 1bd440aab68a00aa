import { InterlockError } from "@interlock/bot";
import type { CaCertificateRow } from "../store/schema.js";
import type { CaBasis } from "./ca-basis.js";
import { caId } from "./ca-keys.js";
import { caState, intermediatesOf, rootsOf, timeAfter } from "./ca-schedule.js";
import { addRoot } from "./grow-ca.js";

/** The options of a CA rotation. */
export interface CaOrder {
  /** A prefix of the root's id. Default, if empty: the only candidate. */
  readonly id: string;
  /** Whether to proceed although some bots would be cut off. */
  readonly force: boolean;
  /** The SPIFFE ID of the actor. */
  readonly by: string;
}

/**
 * Creates a root and an intermediate, and publishes the root, so that bots receive it before anything is signed below
 * it. Rejects with `FAILED_PRECONDITION` while another root is prepared. Refresh the trust hub afterwards.
 */
export async function prepareCa(basis: CaBasis, by: string): Promise<CaCertificateRow> {
  const root = await addRoot(basis, { activated: false, by });
  if (root) return root;
  throw precondition('A CA is already prepared: run "interlock ca activate" or "interlock ca withdraw" for it.');
}

/**
 * Activates a prepared root: leaves are signed below it from now on, and bots renew by themselves. Rejects with
 * `FAILED_PRECONDITION` until `leadMs` after its publication; a bot without the root considers its trust stale by then.
 */
export async function activateCa(
  basis: CaBasis,
  { id, force, by }: CaOrder,
  leadMs: number,
): Promise<CaCertificateRow> {
  const at = basis.clock.now();
  return basis.store.transaction(async (records) => {
    await records.fleet.nextTrustVersion();
    const rows = await records.caCertificates.list();
    const root = choose(rootsOf(rows), ["prepared"], id);
    const ready = root.createdAt + leadMs;
    if (at < ready && !force) {
      throw precondition(
        `Some bots may not have received it yet: wait until ${new Date(ready).toISOString()}, or use --force.`,
      );
    }
    if (intermediatesOf(root, rows).length === 0)
      throw precondition('There is no intermediate below it that can sign: import one with "interlock ca import".');
    const activatedAt = timeAfter(rows, at);
    await records.caCertificates.activate(root.digest, activatedAt);
    const details = { done: "activated", forced: force };
    await records.auditLog.append({ at, kind: "ca", actor: by, subject: caId(root.digest), details });
    return { ...root, activatedAt };
  });
}

/** A withdrawn root. */
export interface WithdrawnCa {
  readonly root: CaCertificateRow;
  /** Removes the private keys below it. It is separate because the caller's own connection may depend on the root. */
  forgetKeys(): Promise<void>;
}

/**
 * Withdraws a root: certificates below it are invalid from now on. Rejects with `FAILED_PRECONDITION` for the active
 * root, and, without `force`, while bots hold valid leaves below it.
 */
export async function withdrawCa({ store, keys, clock }: CaBasis, order: CaOrder): Promise<WithdrawnCa> {
  const { id, force, by } = order;
  const at = clock.now();
  const { root, names } = await store.transaction(async (records) => {
    await records.fleet.nextTrustVersion();
    const rows = await records.caCertificates.list();
    const root = choose(rootsOf(rows), ["retiring", "prepared"], id);
    const leaves = await records.certificates.countValid(root.digest, at);
    if (leaves > 0 && !force) {
      const who = leaves === 1 ? "1 certificate below it is" : `${leaves} certificates below it are`;
      throw precondition(
        `${who} still valid: wait until bots have renewed and the old certificates have expired, or use --force.`,
      );
    }
    await records.caCertificates.remove(root.digest);
    const details = { done: "withdrawn", forced: force, validLeaves: leaves };
    await records.auditLog.append({ at, kind: "ca", actor: by, subject: caId(root.digest), details });
    const names = [root, ...intermediatesOf(root, rows)].map(({ keyName }) => keyName);
    return { root, names };
  });
  return {
    root,
    async forgetKeys() {
      for (const name of names) if (name !== "") await keys.remove(name);
    },
  };
}

function choose(
  roots: readonly CaCertificateRow[],
  states: readonly ReturnType<typeof caState>[],
  id: string,
): CaCertificateRow {
  if (id !== "") {
    const root = findRoot(roots, id);
    const state = caState(root, roots);
    if (states.includes(state)) return root;
    const remedy = state === "active" ? " Prepare and activate another one first." : "";
    throw precondition(`The CA ${caId(root.digest).slice(0, 16)} is ${state}.${remedy}`);
  }
  for (const state of states) {
    const [root, ...more] = roots.filter((candidate) => caState(candidate, roots) === state);
    if (more.length > 0) throw precondition(`Several CAs are ${state}: give the id of one from "interlock ca show".`);
    if (root) return root;
  }
  throw precondition(`No CA is ${states.join(" or ")}: see "interlock ca show".`);
}

function findRoot(roots: readonly CaCertificateRow[], id: string): CaCertificateRow {
  const found = roots.filter(({ digest }) => caId(digest).startsWith(id.toLowerCase()));
  const [root] = found;
  if (root && found.length === 1) return root;
  throw new InterlockError("NOT_FOUND", `There is not exactly one CA "${id}": see "interlock ca show".`);
}

function precondition(message: string): InterlockError {
  return new InterlockError("FAILED_PRECONDITION", message);
}
