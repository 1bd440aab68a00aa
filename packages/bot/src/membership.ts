import type { IdentitySource } from "./identity/identity.js";
import type { TokenSource } from "./token/token-source.js";
import type { Trust } from "./trust/trust.js";

/**
 * A bot's part in its fleet: identity, trust and tokens, kept current by the authority, or by certificate files and another
 * token issuer. The rest of a bot uses this interface and does not know its source.
 */
export interface Membership {
  readonly identity: IdentitySource;
  readonly trust: Trust;
  readonly tokens: TokenSource;
  /** Reports the services that are served at an address. Returns a function that takes the report back. */
  serving?(services: readonly string[], address: string): () => void;
  /** Stops keeping the membership current. */
  leave?(): Promise<void>;
}
