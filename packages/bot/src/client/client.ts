import type { AnyMethod, Init, Method, ServiceDefinition } from "@interlock/policy";
import { callForMany, callForOne } from "./call.js";
import type { CallOptions } from "./call-options.js";
import type { CallDefaults } from "./client-options.js";
import type { Connector } from "./connector.js";
import { interceptMany, interceptOne } from "./intercept-call.js";

/** The messages to stream to a server: an array, a generator, or any other iterable. */
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
} & {
  /**
   * Closes the client, also at the end of a `using` block: it takes no new calls, and those under way go on. Once all clients
   * that share its connection are closed, the connection is, too. Not closed, it costs little: an idle connection closes.
   */
  [Symbol.dispose](): void;
};

/** Creates the client of `service` that calls through `connector`; `release` is called when it is closed, `defaults` hold for its calls. */
export function createClient<S extends ServiceDefinition>(
  service: S,
  connector: Connector,
  release: () => void = () => connector.close(),
  defaults: CallDefaults = {},
): Client<S> {
  const { interceptors = [] } = defaults;
  const methods = Object.entries(service.methods).map(([key, method]) => {
    const many = method.kind === "serverStreaming" || method.kind === "bidiStreaming";
    if (many) {
      const call = callForMany(connector, method, defaults);
      return [key, interceptors.length > 0 ? interceptMany(call, method, interceptors) : call];
    }
    const call = callForOne(connector, method, defaults);
    return [key, interceptors.length > 0 ? interceptOne(call, method, interceptors) : call];
  });
  // Not enumerable: the methods of the service are all that a client shows.
  return Object.defineProperty(Object.fromEntries(methods), Symbol.dispose, { value: release });
}
