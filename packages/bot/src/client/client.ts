import type { AnyMethod, Init, Method, ServiceDefinition } from "@interlock/policy";
import { callForMany, callForOne } from "./call.js";
import type { CallOptions } from "./call-options.js";
import type { Connector } from "./connector.js";

/** What may be streamed to a server: an array, a generator, anything that can be iterated. */
export type Messages<T> = AsyncIterable<T> | Iterable<T>;

/** The function that calls one method; its shape follows from the method's kind. */
export type ClientMethod<M extends AnyMethod> =
  M extends Method<infer Request, infer Response, infer Kind>
    ? {
        unary: (request: Init<Request>, options?: CallOptions) => Promise<Response>;
        serverStreaming: (request: Init<Request>, options?: CallOptions) => AsyncIterable<Response>;
        clientStreaming: (requests: Messages<Init<Request>>, options?: CallOptions) => Promise<Response>;
        bidiStreaming: (requests: Messages<Init<Request>>, options?: CallOptions) => AsyncIterable<Response>;
      }[Kind]
    : never;

/**
 * A typed client of a service. Calls reject with an `InterlockError`; streams are read with `for await`, and leaving
 * the loop cancels the call.
 */
export type Client<S extends ServiceDefinition> = {
  readonly [K in keyof S["methods"]]: ClientMethod<S["methods"][K]>;
};

/** Makes the client of `service` that calls through `connector`. */
export function createClient<S extends ServiceDefinition>(service: S, connector: Connector): Client<S> {
  const methods = Object.entries(service.methods).map(([key, method]) => {
    const many = method.kind === "serverStreaming" || method.kind === "bidiStreaming";
    return [key, many ? callForMany(connector, method) : callForOne(connector, method)];
  });
  return Object.fromEntries(methods);
}
