import type { Connection } from "@interlock/bot/internal";

/** A request as an endpoint receives it. */
export interface HttpRequest {
  /** The peer's connection, if it has a certificate of the fleet. */
  readonly peer: Connection | undefined;
  /** The parameters of the body. */
  readonly form: ReadonlyMap<string, readonly string[]>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** An answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The JSON body, or its text. Default: none. */
  readonly body?: object | string;
}

/** An endpoint at a path. */
export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Answers a request. Rejects with an error that {@link errorAnswer} converts. */
  handle(request: HttpRequest): HttpAnswer | Promise<HttpAnswer>;
}

/** Makes a public answer that clients may cache for a number of seconds. */
export function cacheable(body: object | string, seconds: number, type = "application/json"): HttpAnswer {
  return { status: 200, headers: { "content-type": type, "cache-control": `public, max-age=${seconds}` }, body };
}
