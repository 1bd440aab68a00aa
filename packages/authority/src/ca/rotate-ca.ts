import { InterlockError } from "@interlock/bot";
import type { CaCertificateRow } from "../store/schema.js";
import type { CaBasis } from "./ca-basis.js";
import { caId } from "./ca-keys.js";
import { caState, intermediatesOf, rootsOf, timeAfter } from "./ca-schedule.js";
import { addRoot } from "./grow-ca.js";

/** Who rotates the CA, and how. */
export interface CaOrder {
  /** Which root, by the beginning of its id; the only one that it can be unless said. */
  readonly id: string;
  /** Whatever stands against it for the sake of bots that would be left behind. */
  readonly force: boolean;
  /** A SPIFFE ID. */
  readonly by: string;
}

/**
 * Makes a root and an intermediate, and publishes the root. Nothing is signed below it yet: bots get to know it first.
 * Rejects with `FAILED_PRECONDITION` while one is prepared. Whoever calls this refreshes the trust hub after.
 */
export async function prepareCa(basis: CaBasis, by: string): Promise<CaCertificateRow> {
  const root = await addRoot(basis, { activated: false, by });
  if (root) return root;
  throw precondition('A CA is prepared already: "interlock ca activate" it, or "interlock ca withdraw" it.');
}

/**
 * Signs leaves below a prepared root from now on; bots renew by themselves. Rejects with `FAILED_PRECONDITION` before
 * `leadMs` have passed since it was published: a bot that has not heard of it by then takes its own trust for stale.
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
      throw precondition(`Bots may not know it yet: wait until ${new Date(ready).toISOString()}, or force it.`);
    }
    if (intermediatesOf(root, rows).length === 0) throw precondition("There is no intermediate below it to sign with.");
    const activatedAt = timeAfter(rows, at);
    await records.caCertificates.activate(root.digest, activatedAt);
    const details = { done: "activated", forced: force };
    await records.auditLog.append({ at, kind: "ca", actor: by, subject: caId(root.digest), details });
    return { ...root, activatedAt };
  });
}

/** A root that is trusted no longer. */
export interface WithdrawnCa {
  readonly root: CaCertificateRow;
  /** Removes the private keys that are of no use any more: apart, because the caller may hang on that root. */
  forgetKeys(): Promise<void>;
}

/**
 * Trusts a root no longer: whatever is below it is worthless from now on. Rejects with `FAILED_PRECONDITION` while bots
 * hold valid leaves below it, unless forced, and for the active one in any case.
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
        `${who} valid still: wait until bots have renewed and the old ones have run out, or force it.`,
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
    if (more.length > 0) throw precondition(`Several are ${state}: say which, by its id from "interlock ca show".`);
    if (root) return root;
  }
  throw precondition(`No CA is ${states.join(" or ")}: see "interlock ca show".`);
}

function findRoot(roots: readonly CaCertificateRow[], id: string): CaCertificateRow {
  const found = roots.filter(({ digest }) => caId(digest).startsWith(id.toLowerCase()));
  const [root] = found;
  if (root && found.length === 1) return root;
  throw new InterlockError("NOT_FOUND", `There is no one CA "${id}": see "interlock ca show".`);
}

function precondition(message: string): InterlockError {
  return new InterlockError("FAILED_PRECONDITION", message);
}
