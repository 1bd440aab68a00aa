import type { Adapter, AdapterFactory } from "oidc-provider";

const nothing: Adapter = {
  upsert: async () => {},
  find: async () => undefined,
  findByUserCode: async () => undefined,
  findByUid: async () => undefined,
  consume: async () => {},
  destroy: async () => {},
  revokeByGrantId: async () => {},
};

/** A store for oidc-provider that keeps nothing: the tokens of bots are signed, and not looked up. */
export const storesNothing: AdapterFactory = () => nothing;
