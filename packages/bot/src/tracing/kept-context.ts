import { AsyncResource } from "node:async_hooks";
import type { Context } from "@opentelemetry/api";
import { activeContext, runInContext, type Tracing } from "./registered-tracing.js";

/**
 * Makes a resource that keeps a context, which thousands of calls share: it is entered once. To enter it for each of them costs as much
 * on Node 20, and four times as much on Node 24, where each `run` copies what others have in the frame. What is in other storages is what
 * was there when this was called. Gives `undefined` where no resource can keep it.
 */
export function keepContext(tracing: Tracing, context: Context): AsyncResource | undefined {
  const resource = runInContext(tracing, context, () => new AsyncResource("InterlockTrace"));
  // A context manager of the program may keep its contexts where no resource has them.
  const isKept = resource.runInAsyncScope(() => activeContext(tracing)) === context;
  return isKept ? resource : undefined;
}
