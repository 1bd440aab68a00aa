import type { Caller } from "@interlock/bot";
import type { HeaderList } from "@interlock/wire";

/**
 * The metadata in which the sidecar tells the program whose call it is. Whatever a caller sends under a name that begins with
 * `interlock-` stays at the sidecar, so the program can rely on it.
 */
export const trustedNames = {
  /** The SPIFFE ID of the caller. */
  caller: "interlock-caller",
  /** The SPIFFE IDs of the bots that act for it (RFC 8693), the nearest first, with a space between; absent where there is none. */
  actors: "interlock-actors",
  /** What the caller's token allows at this service, with a space between; absent where the method is open to any bot. */
  scopes: "interlock-scopes",
} as const;

/** The trusted metadata of a call. */
export function trustedMetadata({
  spiffeId,
  actors,
  scopes,
}: Pick<Caller, "spiffeId" | "actors" | "scopes">): HeaderList {
  const list: string[] = [trustedNames.caller, spiffeId.uri];
  if (actors.length > 0) list.push(trustedNames.actors, actors.map(({ uri }) => uri).join(" "));
  if (scopes.size > 0) list.push(trustedNames.scopes, [...scopes].sort().join(" "));
  return list;
}
