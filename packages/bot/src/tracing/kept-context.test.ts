import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, type ContextManager, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { keepContext } from "./kept-context.js";
import type { Tracing } from "./registered-tracing.js";

const context = ROOT_CONTEXT.setValue(createContextKey("test"), 1);
const tracingWith = (manager: ContextManager | undefined) => ({ manager, api: { ROOT_CONTEXT } }) as unknown as Tracing;

describe("a context that is kept", () => {
  it("is active in what runs in it, and after what that waits for, and nowhere else", async () => {
    const manager = new AsyncLocalStorageContextManager();
    const kept = keepContext(tracingWith(manager), context);
    const own = new AsyncLocalStorage<number>();
    const look = async () => {
      const before = own.getStore();
      await undefined;
      return [manager.active(), before, own.getStore()];
    };
    const seen = await Promise.all([1, 2].map((i) => kept?.run(own, look, undefined, i)));
    assert.deepEqual(seen, [
      [context, 1, 1],
      [context, 2, 2],
    ]);
    assert.deepEqual([manager.active(), own.getStore()], [ROOT_CONTEXT, undefined]);
  });

  it("is one's own again when another one has run within it, or has thrown", () => {
    const manager = new AsyncLocalStorageContextManager();
    const kept = keepContext(tracingWith(manager), context);
    const own = new AsyncLocalStorage<number>();
    const inner = (throws: boolean, i: number): unknown => {
      if (throws) throw new Error("a fault");
      return [own.getStore(), i, manager.active()];
    };
    const outer = (_: undefined, i: number) => {
      const seen = kept?.run(own, inner, false, 2);
      assert.throws(() => kept?.run(own, inner, true, 3), /a fault/);
      return [seen, own.getStore(), i, manager.active()];
    };
    for (const i of [1, 4]) {
      assert.deepEqual(kept?.run(own, outer, undefined, i), [[2, 2, context], i, i, context]);
      assert.throws(() => kept?.run(own, inner, true, 3), /a fault/);
    }
    assert.equal(own.getStore(), undefined);
  });

  it("keeps nothing of a call that has gone", () => {
    const kept = keepContext(tracingWith(new AsyncLocalStorageContextManager()), context);
    const [own, other] = [new AsyncLocalStorage<number>(), new AsyncLocalStorage<number>()];
    kept?.run(own, () => {}, undefined, 1);
    assert.equal(
      kept?.run(other, () => own.getStore(), undefined, 2),
      undefined,
    );
  });

  it("is none where the context manager has another way, or there is none", () => {
    let active: Context = ROOT_CONTEXT;
    const manager = {
      active: () => active,
      with(next: Context, work: () => unknown) {
        const before = active;
        active = next;
        try {
          return work();
        } finally {
          active = before;
        }
      },
    } as unknown as ContextManager;
    assert.equal(keepContext(tracingWith(manager), context), undefined);
    assert.equal(active, ROOT_CONTEXT);
    assert.equal(keepContext(tracingWith(undefined), context), undefined);
  });
});
