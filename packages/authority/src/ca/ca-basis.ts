import type { Clock, Log } from "@interlock/bot";
import type { KeyVault } from "../key-vault/key-vault.js";
import type { Store } from "../store/store.js";
import type { LeafTtl } from "./leaf-ttl.js";

/** What the fleet's CA works with. */
export interface CaBasis {
  readonly store: Store;
  /** The private keys. */
  readonly keys: KeyVault;
  readonly trustDomain: string;
  /** How long leaves are valid. */
  readonly leafTtl: LeafTtl;
  readonly clock: Clock;
  readonly log: Log;
  /** The authority's own SPIFFE ID: the actor of what the CA does automatically. */
  readonly self: string;
}
