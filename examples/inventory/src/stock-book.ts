import { InterlockError } from "@interlock/bot";
import type { Stock } from "./gen/depot/inventory/v1/inventory.js";

/** A change to the stock of one item. */
export interface StockChange {
  readonly sku: string;
  readonly onHand?: number;
  readonly reserved?: number;
}

/** The stock of every item, in memory. */
export interface StockBook {
  /** Returns the stock of an item. Throws `NOT_FOUND` if there is no such item. */
  get(sku: string): Stock;
  /**
   * Applies a change once for each `key`, and returns the stock right after it, also for a repeated call.
   * Throws `FAILED_PRECONDITION` if the stock would fall below the reservations, and `ALREADY_EXISTS` if the key was used
   * for another change.
   */
  change(key: string, change: StockChange): Stock;
  /** Yields the stock now and after every change, until `signal` aborts. */
  watch(sku: string, signal: AbortSignal): AsyncGenerator<Stock>;
}

// The number of remembered changes, which bounds the map. A retry comes within minutes.
const keysKept = 10_000;

/** Creates a stock book with the counts on the shelf; `0` for an item without stock. */
export function createStockBook(onHand: Readonly<Record<string, number>>): StockBook {
  const items = new Map<string, Stock>();
  for (const [sku, count] of Object.entries(onHand)) items.set(sku, { sku, onHand: count, reserved: 0 });
  const applied = new Map<string, { change: string; result: Stock }>();
  const watchers = new Set<() => void>();

  function get(sku: string): Stock {
    const stock = items.get(sku);
    if (!stock) throw new InterlockError("NOT_FOUND", `There is no item "${sku}".`);
    return stock;
  }

  return {
    get,
    change(key, change) {
      if (key === "")
        throw new InterlockError("INVALID_ARGUMENT", "There is no idempotency key: send one, and keep it for retries.");
      const wanted = JSON.stringify(change);
      const before = applied.get(key);
      if (before && before.change !== wanted) {
        throw new InterlockError("ALREADY_EXISTS", `The idempotency key "${key}" was used for another change.`);
      }
      if (before) return before.result;
      const result = changed(get(change.sku), change);
      items.set(change.sku, result);
      applied.set(key, { change: wanted, result });
      const [oldest] = applied.keys();
      if (applied.size > keysKept && oldest !== undefined) applied.delete(oldest);
      for (const wake of [...watchers]) wake();
      return result;
    },
    async *watch(sku, signal) {
      let shown: Stock | undefined;
      while (!signal.aborted) {
        const stock = get(sku);
        if (stock !== shown) yield stock;
        shown = stock;
        if (items.get(sku) === shown && !signal.aborted) await nextChange(signal);
      }
    },
  };

  function nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        watchers.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      watchers.add(done);
      signal.addEventListener("abort", done);
    });
  }
}

function changed(stock: Stock, { onHand = 0, reserved = 0 }: StockChange): Stock {
  const next = { ...stock, onHand: stock.onHand + onHand, reserved: stock.reserved + reserved };
  if (next.onHand < next.reserved) {
    const free = stock.onHand - stock.reserved;
    throw new InterlockError("FAILED_PRECONDITION", `Of "${stock.sku}" ${free} are free: that is not enough.`);
  }
  return next;
}
