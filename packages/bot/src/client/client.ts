import type { AnyMethod, Init, Method, ServiceDefinition } from "@interlock/policy";
import { callForMany, callForOne } from "./call.js";
import type { CallOptions } from "./call-options.js";
import type { Connector } from "./connector.js";

/** The messages to stream to a server: an array, a generator, or anything else that can be iterated. */
export type Messages<T> = AsyncIterable<T> | Iterable<T>;

/** The function that calls one method. Its shape follows from the method's kind. */
export type ClientMethod<M extends AnyMethod> =
  M extends Method<infer Request, infer Response, infer Kind>
    ? {
        /** One request, one answer. */
        unary: (request: Init<Request>, options?: CallOptions) => Promise<Response>;
        /** One request, a stream of answers. */
        serverStreaming: (request: Init<Request>, options?: CallOptions) => AsyncIterable<Response>;
        /** A stream of requests, one answer. */
        clientStreaming: (requests: Messages<Init<Request>>, options?: CallOptions) => Promise<Response>;
        /** A stream of requests, a stream of answers. */
        bidiStreaming: (requests: Messages<Init<Request>>, options?: CallOptions) => AsyncIterable<Response>;
      }[Kind]
    : never;

/**
 * A typed client of a service, with one function for each method; made by `bot.client`. Calls reject with an
 * `InterlockError`. Streams are read with `for await`, and leaving the loop cancels the call.
 *
 * @example
 * ```ts
 * for await (const { newtons } of gripper.watchForce({})) console.log(newtons);
 * ```
 */
export type Client<S extends ServiceDefinition> = {
  readonly [K in keyof S["methods"]]: ClientMethod<S["methods"][K]>;
};

/** Creates the client of `service` that calls through `connector`. */
export function createClient<S extends ServiceDefinition>(service: S, connector: Connector): Client<S> {
  const methods = Object.entries(service.methods).map(([key, method]) => {
    const many = method.kind === "serverStreaming" || method.kind === "bidiStreaming";
    return [key, many ? callForMany(connector, method) : callForOne(connector, method)];
  });
  return Object.fromEntries(methods);
}
