import type { Store } from "../store/store.js";
import type { AuthorityCounts } from "./authority-counts.js";

/** Returns the store with its transactions measured into `counts`. */
export function timeTransactions(store: Store, { transactions }: Pick<AuthorityCounts, "transactions">): Store {
  return {
    ...store,
    async transaction(work) {
      const startedAt = performance.now();
      let outcome: keyof typeof transactions = "failed";
      try {
        const result = await store.transaction(work);
        outcome = "committed";
        return result;
      } finally {
        transactions[outcome].record(performance.now() - startedAt);
      }
    },
  };
}
