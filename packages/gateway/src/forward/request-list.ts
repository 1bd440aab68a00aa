import type { referenceKey } from "@interlock/bot/internal";
import type { HeaderList } from "@interlock/wire";

/** How the gateway shows its token: whole, or by a reference to one that was shown on the connection. */
export interface Shown {
  readonly name: "authorization" | typeof referenceKey;
  readonly value: string;
}

/**
 * Whether a header of a request stays at the gateway: what names a caller, or a hop, in words that anyone can write. The token of
 * the caller stays here, too: another one takes its place.
 */
export function isStripped(name: string): boolean {
  return names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

// `host` says the same as `:authority`, and names this connection (RFC 9113, section 8.3.1).
const names: ReadonlySet<string> = new Set(["authorization", "forwarded", "host", "via", "x-real-ip"]);
const prefixes = ["interlock-", "x-forwarded-", "x-envoy-", "x-original-"] as const;

/** What a request goes on with in place of what it came with. */
export interface RequestParts {
  readonly scheme: "http" | "https";
  readonly authority: string;
  /** The value of `grpc-timeout` in place of the one that came; absent where that still holds. */
  readonly timeout?: string | undefined;
  /** What is added. */
  readonly added: HeaderList;
}

/** The header list with which a request goes on: as it came, but for `:authority`, what is {@link isStripped}, and what is added. */
export function requestList(headers: HeaderList, { scheme, authority, timeout, added }: RequestParts): HeaderList {
  const list: string[] = [":method", "POST", ":scheme", scheme, ":authority", authority];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (name === ":path") list.push(name, value);
    else if (name === "grpc-timeout" && timeout !== undefined) list.push(name, timeout);
    else if (!name.startsWith(":") && !isStripped(name)) list.push(name, value);
  }
  list.push(...added);
  return list;
}

/** The trailers with which a request goes on: as they came, but for what is {@link isStripped}. */
export function requestTrailers(trailers: HeaderList): HeaderList {
  const list: string[] = [];
  for (let i = 0; i < trailers.length; i += 2) {
    const [name, value] = [trailers[i] as string, trailers[i + 1] as string];
    if (!isStripped(name)) list.push(name, value);
  }
  return list;
}
