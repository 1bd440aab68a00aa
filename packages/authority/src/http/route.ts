import type { Connection } from "@interlock/bot/internal";

/** A request, as an endpoint sees it. */
export interface HttpRequest {
  /** The peer's connection, when it has shown a certificate of the fleet. */
  readonly peer: Connection | undefined;
  /** The parameters of the body. */
  readonly form: ReadonlyMap<string, readonly string[]>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What is answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON; nothing unless said. */
  readonly body?: object;
}

/** An endpoint: what is served at a path. */
export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Rejects with what {@link errorAnswer} can say. */
  handle(request: HttpRequest): HttpAnswer | Promise<HttpAnswer>;
}

/** A public answer that may be kept for so many seconds. */
export function cacheable(body: object, seconds: number, type = "application/json"): HttpAnswer {
  return { status: 200, headers: { "content-type": type, "cache-control": `public, max-age=${seconds}` }, body };
}
