import type { AnyMethod, Init, Method, ServiceDefinition } from "@interlock/policy";
import type { CallContext } from "../context.js";

/**
 * The function that serves one method. Its shape follows from the method's kind: an async function for one response, an
 * async generator for a stream of them.
 *
 * @example
 * ```ts
 * const grip: Handler<typeof GripperService.methods.grip> = async ({ newtons }, { caller }) => ({ held: true });
 * ```
 */
export type Handler<M extends AnyMethod> =
  M extends Method<infer Request, infer Response, infer Kind>
    ? {
        /** Gets the request and returns the answer. */
        unary: (request: Request, context: CallContext) => Promise<Init<Response>> | Init<Response>;
        /** Gets the request and yields the answers. */
        serverStreaming: (request: Request, context: CallContext) => AsyncIterable<Init<Response>>;
        /** Reads the requests and returns the answer. */
        clientStreaming: (
          requests: AsyncIterable<Request>,
          context: CallContext,
        ) => Promise<Init<Response>> | Init<Response>;
        /** Reads the requests and yields the answers. */
        bidiStreaming: (requests: AsyncIterable<Request>, context: CallContext) => AsyncIterable<Init<Response>>;
      }[Kind]
    : never;

/**
 * The handlers of a whole service, one for each method. A missing handler is a type error.
 *
 * @example
 * ```ts
 * const gripper: Implementation<typeof GripperService> = {
 *   async grip({ newtons }) {
 *     return { held: true };
 *   },
 *   async *watchForce(_request, { signal }) {
 *     yield { newtons: 3.9 };
 *   },
 * };
 * ```
 */
export type Implementation<S extends ServiceDefinition> = {
  readonly [K in keyof S["methods"]]: Handler<S["methods"][K]>;
};
