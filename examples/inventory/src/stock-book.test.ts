import assert from "node:assert/strict";
import { createStockBook } from "./stock-book.js";

describe("stock book", () => {
  it("applies a change once for each key", () => {
    const book = createStockBook({ bolt: 10 });
    const first = book.change("order-1", { sku: "bolt", reserved: 4 });
    assert.deepEqual(first, { sku: "bolt", onHand: 10, reserved: 4 });
    book.change("order-2", { sku: "bolt", reserved: 1 });
    assert.equal(book.change("order-1", { sku: "bolt", reserved: 4 }), first);
    assert.equal(book.get("bolt").reserved, 5);
    assert.throws(() => book.change("order-1", { sku: "bolt", reserved: 5 }), { code: "ALREADY_EXISTS" });
    assert.throws(() => book.change("", { sku: "bolt", reserved: 5 }), { code: "INVALID_ARGUMENT" });
  });

  it("never falls below the reservations, and a failed change can be tried again", () => {
    const book = createStockBook({ bolt: 3 });
    assert.throws(() => book.change("1", { sku: "bolt", reserved: 4 }), { code: "FAILED_PRECONDITION" });
    book.change("2", { sku: "bolt", onHand: 1 });
    assert.equal(book.change("1", { sku: "bolt", reserved: 4 }).reserved, 4);
    assert.throws(() => book.change("3", { sku: "bolt", onHand: -1 }), { code: "FAILED_PRECONDITION" });
    assert.throws(() => book.get("nut"), { code: "NOT_FOUND" });
  });

  it("sends a watcher the stock and every change, until it leaves", async () => {
    const book = createStockBook({ bolt: 3 });
    const leaving = new AbortController();
    const watch = book.watch("bolt", leaving.signal);
    assert.equal((await watch.next()).value?.onHand, 3);
    const next = watch.next();
    book.change("1", { sku: "bolt", onHand: 2 });
    assert.equal((await next).value?.onHand, 5);
    const last = watch.next();
    leaving.abort();
    assert.equal((await last).done, true);
  });
});
