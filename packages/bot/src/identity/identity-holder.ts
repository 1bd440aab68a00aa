import { createObservable, type MutableObservable } from "../base/observable.js";
import type { Identity } from "./identity.js";

/** An `IdentitySource` that can be given a new identity. */
export type MutableIdentity = MutableObservable<Identity>;

/** Holds an identity in memory. */
export function createMutableIdentity(initial: Identity): MutableIdentity {
  return createObservable(initial);
}
