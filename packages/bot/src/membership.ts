import type { IdentitySource } from "./identity/identity.js";
import type { TokenSource } from "./token/token-source.js";
import type { Trust } from "./trust/trust.js";

/**
 * What a bot has of its fleet, kept current by whoever gives it: the authority, or certificate files and another token
 * issuer. Everything else of a bot stands on this, and knows of neither.
 */
export interface Membership {
  readonly identity: IdentitySource;
  readonly trust: Trust;
  readonly tokens: TokenSource;
  /** Is told what is served where; gives what takes it back. */
  serving?(services: readonly string[], address: string): () => void;
  /** Ends what keeps it current. */
  leave?(): Promise<void>;
}
