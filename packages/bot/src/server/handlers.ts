import type { AnyMethod, Init, Method, ServiceDefinition } from "@interlock/policy";
import type { CallContext } from "../context.js";

/** The function that serves one method; its shape follows from the method's kind. */
export type Handler<M extends AnyMethod> =
  M extends Method<infer Request, infer Response, infer Kind>
    ? {
        unary: (request: Request, context: CallContext) => Promise<Init<Response>> | Init<Response>;
        serverStreaming: (request: Request, context: CallContext) => AsyncIterable<Init<Response>>;
        clientStreaming: (
          requests: AsyncIterable<Request>,
          context: CallContext,
        ) => Promise<Init<Response>> | Init<Response>;
        bidiStreaming: (requests: AsyncIterable<Request>, context: CallContext) => AsyncIterable<Init<Response>>;
      }[Kind]
    : never;

/** The handlers of a whole service; one that is missing is a type error. */
export type Implementation<S extends ServiceDefinition> = {
  readonly [K in keyof S["methods"]]: Handler<S["methods"][K]>;
};
