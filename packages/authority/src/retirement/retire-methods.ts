import { InterlockError } from "@interlock/bot";
import { maximumRetiredMethods } from "@interlock/bot/internal";
import type { Store } from "../store/store.js";

/** What a change of the retired methods has done. */
export interface RetiredChange {
  /** The methods that it concerns; the others were as asked for. */
  readonly changed: readonly string[];
  /** The version of the trust with all of them. */
  readonly trustVersion: number;
}

/**
 * Retires methods. When this resolves, that is on the disk; `hub.refresh` sends it to every bot. A method that is retired
 * keeps its record. Rejects with `RESOURCE_EXHAUSTED` beyond `maximumRetiredMethods`, which bots keep in memory.
 */
export function retireMethods(
  store: Pick<Store, "transaction">,
  methods: readonly string[],
  now: number,
  by: string,
): Promise<RetiredChange> {
  return store.transaction(async (records) => {
    const { retiredMethods, fleet, auditLog } = records;
    const retired = await retiredMethods.list();
    const known = new Set(retired.map(({ method }) => method));
    const changed = methods.filter((method) => !known.has(method));
    if (changed.length === 0) return { changed, trustVersion: await retiredMethods.version() };
    if (known.size + changed.length > maximumRetiredMethods) {
      throw new InterlockError(
        "RESOURCE_EXHAUSTED",
        `At most ${maximumRetiredMethods} methods can be retired: end the retirement of those whose code is gone everywhere.`,
      );
    }
    const trustVersion = await fleet.nextTrustVersion();
    for (const method of changed) await retiredMethods.add({ method, retiredAt: now, retiredBy: by, trustVersion });
    const entry = { at: now, kind: "retire-method", actor: by, details: { trustVersion } } as const;
    await auditLog.append(...changed.map((subject) => ({ ...entry, subject })));
    return { changed, trustVersion };
  });
}

/** Ends the retirement of methods, as {@link retireMethods} began it. A method that is not retired is left as it is. */
export function unretireMethods(
  store: Pick<Store, "transaction">,
  methods: readonly string[],
  now: number,
  by: string,
): Promise<RetiredChange> {
  return store.transaction(async (records) => {
    const { retiredMethods, fleet, auditLog } = records;
    const known = new Set((await retiredMethods.list()).map(({ method }) => method));
    const changed = methods.filter((method) => known.has(method));
    if (changed.length === 0) return { changed, trustVersion: await retiredMethods.version() };
    const trustVersion = await fleet.nextTrustVersion();
    for (const method of changed) await retiredMethods.end(method, { unretiredAt: now, trustVersion });
    const entry = { at: now, kind: "unretire-method", actor: by, details: { trustVersion } } as const;
    await auditLog.append(...changed.map((subject) => ({ ...entry, subject })));
    return { changed, trustVersion };
  });
}
