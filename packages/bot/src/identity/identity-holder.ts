import { createListeners } from "../subscription.js";
import type { Identity, IdentitySource } from "./identity.js";

/** An {@link IdentitySource} that can be given a new identity. */
export interface IdentityHolder extends IdentitySource {
  replace(identity: Identity): void;
}

/** Holds an identity in memory. */
export function createIdentityHolder(initial: Identity): IdentityHolder {
  const listeners = createListeners<Identity>();
  let current = initial;
  return {
    current: () => current,
    replace(identity) {
      current = identity;
      listeners.tell(identity);
    },
    onChange: listeners.add,
  };
}
