import type { MutableObservable } from "../base/observable.js";
import { sameBytes } from "../base/same-bytes.js";
import type { Identity } from "../identity/identity.js";
import type { IdentityWithRoots } from "./check-identity.js";

/** An identity and its CAs as a bot watches them. */
export interface WatchedIdentity {
  readonly identity: MutableObservable<Identity>;
  readonly roots: MutableObservable<readonly Uint8Array[]>;
}

/** Takes over what is new of an identity and its CAs. The CA first: a new leaf may be below a new one. */
export function takeOver(next: IdentityWithRoots, { identity, roots }: WatchedIdentity): void {
  if (!sameBytes(next.roots, roots.current())) roots.replace(next.roots);
  const current = identity.current();
  const sameKey = next.identity.privateKey === current.privateKey;
  if (!sameKey || !sameBytes(next.identity.chain, current.chain)) identity.replace(next.identity);
}

/** Refuses another name, of `where`. A bot keeps its identity for its life: others have opened connections to it. */
export function refuseAnother({ spiffeId }: Identity, current: Identity, where: string): void {
  if (spiffeId.uri === current.spiffeId.uri) return;
  throw new Error(`${where} is of ${spiffeId.uri}, and this bot is ${current.spiffeId.uri}: start it again`);
}
