import { type AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import type { Context } from "@opentelemetry/api";
import { activeContext, runInContext, type Tracing } from "./registered-tracing.js";

/**
 * Makes what keeps a context that thousands of calls share, so that it is entered once: to enter it for each of them makes Node 24
 * copy what others have in the frame, each time. What is in other storages is what was there when this was called. Gives
 * `undefined` where no resource can keep it.
 */
export function keepContext(tracing: Tracing, context: Context): KeptContext | undefined {
  const resource = runInContext(tracing, context, () => new AsyncResource("InterlockTrace"));
  // A context manager of the program may keep its contexts where no resource has them.
  const isKept = resource.runInAsyncScope(() => activeContext(tracing)) === context;
  return isKept ? new KeptContext(resource) : undefined;
}

/** A context that many calls share, one after the other. */
export class KeptContext {
  readonly #resource: AsyncResource;
  #isEntered = false;

  constructor(resource: AsyncResource) {
    this.#resource = resource;
  }

  /**
   * Calls `serve` with `input` and `store`, in the context, with `store` in `storage`. What it begins goes on there.
   *
   * The resource belongs to nobody else, so that the storage is set in it and not put back: `run` of a storage costs twice as much.
   */
  run<Input, Store, Output>(
    storage: AsyncLocalStorage<Store>,
    serve: (input: Input, store: Store) => Output,
    input: Input,
    store: Store,
  ): Output {
    if (this.#isEntered) return this.#resource.runInAsyncScope(() => storage.run(store, serve, input, store));
    this.#isEntered = true;
    try {
      return this.#resource.runInAsyncScope(enter<Input, Store, Output>, undefined, storage, serve, input, store);
    } finally {
      this.#isEntered = false;
    }
  }
}

function enter<Input, Store, Output>(
  storage: AsyncLocalStorage<Store>,
  serve: (input: Input, store: Store) => Output,
  input: Input,
  store: Store,
): Output {
  storage.enterWith(store);
  return serve(input, store);
}
