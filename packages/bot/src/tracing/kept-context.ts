import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
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
    staysEntered ??= findOut();
  }

  /**
   * Calls `serve` with `input` and `store`, in the context, with `store` in `storage`. What it begins goes on there.
   *
   * The resource is used for nothing else, so that what was in the storage need not be put back. That is half of what `run` of a
   * storage costs, and with it the context costs nothing.
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

/** Where it would stay, nothing is left in the resource: the last call of an idle connection would be kept by it. */
function enter<Input, Store, Output>(
  storage: AsyncLocalStorage<Store>,
  serve: (input: Input, store: Store) => Output,
  input: Input,
  store: Store,
): Output {
  storage.enterWith(store);
  try {
    return serve(input, store);
  } finally {
    if (staysEntered) storage.enterWith(undefined as Store);
  }
}

/** Whether what is entered in a resource stays there, as on Node 20 and 22. Node 24 forgets it, and to enter anything costs more. */
let staysEntered: boolean | undefined;

function findOut(): boolean {
  const storage = new AsyncLocalStorage<true>();
  const resource = new AsyncResource("InterlockTrace");
  resource.runInAsyncScope(() => storage.enterWith(true));
  const stays = resource.runInAsyncScope(() => storage.getStore() === true);
  storage.disable();
  return stays;
}
