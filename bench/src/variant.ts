import type { EchoRequest, EchoResponse, RepeatRequest, RepeatResponse } from "./gen/interlock/bench/v1/bench.js";

/** One way to build the same pair of bots: what is made for them, the server's half and the client's half. */
export interface Variant<Settings = unknown> {
  /** In the parent: makes what the two processes need, such as certificates; `folder` is empty and theirs alone. */
  prepare(folder: string): Promise<Prepared<Settings>>;
  /** In the server process: starts to serve `EchoService` on a free port of the loopback interface. */
  serve(settings: Settings): Promise<EchoServer>;
  /** In the client process. */
  connect(settings: Settings, address: string): Promise<EchoClient>;
}

export interface Prepared<Settings> {
  /** Goes to both processes as JSON. */
  readonly settings: Settings;
  close(): Promise<void>;
}

export interface EchoServer {
  /** `host:port`. */
  readonly address: string;
}

/** A client in its library's own manner, behind the least possible code. */
export interface EchoClient {
  echo(request: EchoRequest): Promise<EchoResponse>;
  /** Tells `onMessage` of each message; done when the stream has ended well. */
  repeat(request: RepeatRequest, onMessage: (message: RepeatResponse) => void): Promise<void>;
}

/** The bare library first: the others are measured against it. */
export const variantNames = ["grpc-js", "interlock", "grpc-js+jwt", "nice-grpc"] as const;

export type VariantName = (typeof variantNames)[number];

/** Every variant, each loaded only in the processes that need it. */
export const variants: Record<VariantName, () => Promise<Variant>> = {
  "grpc-js": async () => (await import("./variants/grpc-js.js")).grpcJs,
  interlock: async () => (await import("./variants/interlock.js")).interlock,
  "grpc-js+jwt": async () => (await import("./variants/grpc-js-jwt.js")).grpcJsJwt,
  "nice-grpc": async () => (await import("./variants/nice-grpc.js")).niceGrpc,
};
