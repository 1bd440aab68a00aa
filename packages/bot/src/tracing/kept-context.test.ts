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
    const seen = await Promise.all(
      [1, 2].map((i) =>
        kept?.runInAsyncScope(() =>
          own.run(i, async () => {
            await undefined;
            return [manager.active(), own.getStore()];
          }),
        ),
      ),
    );
    assert.deepEqual(seen, [
      [context, 1],
      [context, 2],
    ]);
    assert.equal(manager.active(), ROOT_CONTEXT);
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
