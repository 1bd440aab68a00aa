import type { ServiceDefinition } from "@interlock/policy";
import type { FederatedUse } from "./client/federated-use.js";
import type { Place } from "./client/place.js";
import type { Identity, IdentitySource } from "./identity/identity.js";
import type { SourceContact } from "./identity/source-contact.js";
import type { FetchedToken } from "./token/token-cache.js";
import type { TokenSource } from "./token/token-source.js";
import type { AuthorityContact } from "./trust/authority-contact.js";
import type { Trust } from "./trust/trust.js";

/** What tokens are issued under, beside the bot's own grants. */
export interface DelegatedUse {
  /** The id of a delegation that the bot holds. */
  readonly delegation?: string | undefined;
  /** The id of an approval that the bot has requested. It gives one token, for one call. */
  readonly approval?: string | undefined;
}

/** What calls to another trust domain are made with. */
export interface FederatedAccess {
  /** The trust by which its servers are verified. */
  readonly trust: Trust;
  /** The tokens of its authority. Closing them closes what stands behind. */
  readonly tokens: TokenSource;
}

/**
 * A bot's part in its fleet: identity, trust and tokens, kept current by the authority, or by certificate files and another
 * token issuer. The rest of a bot uses this interface and does not know its source.
 */
export interface Membership {
  readonly identity: IdentitySource;
  readonly trust: Trust;
  readonly tokens: TokenSource;
  /** Whether the authority can be reached; absent where there is none. */
  readonly contact?: AuthorityContact | undefined;
  /** Whether the source of a provided identity can be reached; absent where it does not say. */
  readonly identityContact?: SourceContact | undefined;
  /**
   * Reports the services that are served at an address; `bound` is where they are served on this machine. Returns a function
   * that takes the report back.
   */
  serving?(services: readonly ServiceDefinition[], address: string, bound: string): () => void;
  /**
   * Finds the bots that serve a service, by its full name, and match one of `servers`, identity patterns. Each place has the
   * name of one bot. At most 64, in any order. Absent without an authority.
   */
  locate?(service: string, servers: readonly string[]): Promise<readonly Place[]>;
  /** The address of this machine on the way to the authority; `undefined` when there is none, or it is not known. */
  towardsFleet?(): Promise<string | undefined>;
  /**
   * Exchanges a token that another bot has shown to this one for a token with which this bot acts for it (RFC 8693), bound to the
   * certificate of `identity`, which is the current one. Rejects with a denial. Absent without an authority.
   */
  exchange?(
    subjectToken: string,
    audience: string,
    scopes: readonly string[],
    identity: Identity,
  ): Promise<FetchedToken>;
  /** Makes a source of tokens under a delegation, or for an approved call. Absent without an authority. */
  tokensUnder?(use: DelegatedUse): TokenSource;
  /** Opens what calls to a federated trust domain need. Absent without an authority, which says what is federated. */
  callFederated?(use: FederatedUse): FederatedAccess;
  /** Stops keeping the membership current. */
  leave?(): Promise<void>;
}
