import type { Policy } from "./policy.js";

/** The four shapes of a gRPC call. */
export type MethodKind = "unary" | "serverStreaming" | "clientStreaming" | "bidiStreaming";

/**
 * What a proto file says of a method's effects (`option idempotency_level`): none, or the same however often it is called. Either
 * way it can be called again where nobody knows whether the first call arrived.
 */
export type Idempotency = "noSideEffects" | "idempotent";

/** The input form of a message: omitted fields get their proto3 default. */
export type Init<T> = T extends bigint
  ? string | number | bigint
  : T extends Date | Uint8Array | string | number | boolean | undefined
    ? T
    : T extends readonly (infer U)[]
      ? readonly Init<U>[]
      : T extends { $case: string; value: unknown }
        ? { $case: T["$case"]; value?: Init<T["value"]> }
        : T extends object
          ? { [K in keyof T]?: Init<T[K]> }
          : Partial<T>;

/** Turns one message type into bytes and back; ts-proto writes one for each message. */
export interface Codec<T> {
  // Method syntax, so that codecs of a known message fit where any codec is meant.
  /** Writes a message; `finish()` gives its bytes. */
  encode(message: T): {
    /** The bytes of the message. */
    finish(): Uint8Array;
  };
  /** Reads a message. Throws when `bytes` are not one. */
  decode(bytes: Uint8Array): T;
  /** Completes a message: fields that are left out get their default. */
  fromPartial(init: Init<T>): T;
}

/** The definition of one method: its path, its messages and its policy. */
export interface Method<Request = unknown, Response = unknown, Kind extends MethodKind = MethodKind> {
  /** The `:path` of a call, `/package.Service/Method`. */
  readonly path: string;
  readonly kind: Kind;
  /** Absent where the proto file does not say it. */
  readonly idempotency?: Idempotency;
  /**
   * Whether its request, or a message in it, has `buf.validate` constraints. They are checked before the handler gets a request, by
   * `@interlock/validate`. Absent for none.
   */
  readonly constrained?: boolean;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
  readonly policy: Policy;
}

/** A method of any kind, with any messages. */
// biome-ignore lint/suspicious/noExplicitAny: `unknown` would not accept a concrete codec.
export type AnyMethod = Method<any, any, MethodKind>;

/** The definition of one service, as `protoc-gen-interlock` writes it. */
export interface ServiceDefinition<Methods extends Record<string, AnyMethod> = Record<string, AnyMethod>> {
  /** `package.Service`. */
  readonly name: string;
  readonly owner?: string;
  readonly description?: string;
  /** Identity patterns of the bots that may serve it; empty for any. */
  readonly servedBy: readonly string[];
  /** Identity patterns of the gateways through which it is called; absent or empty where it is called without one. */
  readonly via?: readonly string[];
  /** The methods, by the names that handlers and clients use. */
  readonly methods: Methods;
  /**
   * The service's proto file with its imports, for reflection: a serialized `google.protobuf.FileDescriptorSet` in
   * base64.
   */
  readonly descriptors?: string;
}

/** The request message of a method. */
export type RequestOf<M> = M extends Method<infer Request, infer _Response, infer _Kind> ? Request : never;

/** The response message of a method. */
export type ResponseOf<M> = M extends Method<infer _Request, infer Response, infer _Kind> ? Response : never;
