import { createHolder, type Holder } from "../held.js";
import type { Identity } from "./identity.js";

/** An `IdentitySource` that can be given a new identity. */
export type IdentityHolder = Holder<Identity>;

/** Holds an identity in memory. */
export function createIdentityHolder(initial: Identity): IdentityHolder {
  return createHolder(initial);
}
