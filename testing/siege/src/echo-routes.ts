import { once } from "node:events";
import type { Routes } from "@interlock/bot";
import { EchoService } from "@interlock/bot/testing";

/** The target's handlers. `onHandled` is told of each run of a handler that needs a scope. */
export function echoRoutes(onHandled: () => void) {
  return (routes: Routes) =>
    routes.add(EchoService, {
      echo: (request) => request,
      async *count({ reason }, { signal }) {
        for (let i = 0; i < Number(reason || 1); i++) yield { reason: String(i) };
        if (!signal.aborted) await once(signal, "abort");
      },
      async join(requests) {
        for await (const _ of requests);
        return {};
      },
      async *chat(requests) {
        for await (const request of requests) yield request;
      },
      open: () => ({}),
      reset() {
        onHandled();
        return {};
      },
    });
}
