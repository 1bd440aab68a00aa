import { createBeginTrace, maximumRequestBytes, type RunnableMethod, tokenNeedOf } from "@interlock/bot/internal";
import type { AnyMethod, ServiceDefinition } from "@interlock/policy";
import type { Instances } from "../routes/instances.js";
import type { PassedMethod } from "./passed-method.js";
import { RequestLists } from "./request-lists.js";

/** A method that is passed on: as the server knows it, and as a call on its way does. */
export interface CreatedMethod {
  readonly served: Omit<RunnableMethod, "run" | "pass">;
  readonly made: PassedMethod;
}

/** Makes what is needed to pass the calls of a method on. */
export function createPassedMethod(
  service: ServiceDefinition,
  method: AnyMethod,
  instances: Instances,
  durations: RunnableMethod["durations"],
): CreatedMethod {
  return {
    // The bot says itself that a method is deprecated, and packs its answers or does not.
    served: {
      service,
      method,
      maximumRequestBytes: maximumRequestBytes(method),
      durations,
      packs: false,
      checksConditions: false,
    },
    made: {
      service,
      path: method.path,
      kind: method.kind,
      isIdempotent: method.idempotency !== undefined,
      need: tokenNeedOf(method),
      instances,
      lists: new RequestLists(),
      beginTrace: createBeginTrace(method),
    },
  };
}
