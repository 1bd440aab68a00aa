import { type Implementation, InterlockError } from "@interlock/bot";
import type { InventoryService } from "./gen/depot/inventory/v1/inventory_interlock.js";
import type { StockBook } from "./stock-book.js";

/** The handlers of an inventory bot. The policies are in inventory.proto, and are checked before a handler runs. */
export function inventory(book: StockBook): Implementation<typeof InventoryService> {
  return {
    getStock: ({ sku }) => ({ stock: book.get(sku) }),
    async *watchStock({ sku }, { signal }) {
      for await (const stock of book.watch(sku, signal)) yield { stock };
    },
    // Each caller has its own idempotency keys, so no caller can use up another's.
    reserveStock({ idempotencyKey, sku, quantity }, { caller }) {
      if (quantity === 0) throw new InterlockError("INVALID_ARGUMENT", "The quantity is 0: reserve at least one.");
      return { stock: book.change(ownKey(caller.name, idempotencyKey), { sku, reserved: quantity }) };
    },
    adjustStock: ({ idempotencyKey, sku, difference }, { caller }) => ({
      stock: book.change(ownKey(caller.name, idempotencyKey), { sku, onHand: difference }),
    }),
    countItem: ({ sku }) => ({ count: book.get(sku).onHand }),
  };
}

function ownKey(caller: string, key: string): string {
  return key && `${caller} ${key}`;
}
