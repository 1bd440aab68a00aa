import type { SpiffeId } from "@interlock/policy";
import type { Certificate } from "../identity/certificate.js";

/**
 * The bot that a call is made for, and the bots that act for it. It is read from the certificate once per connection, and
 * from the token where there is one.
 */
export interface Caller {
  /** The bot that the scopes were granted to. Without {@link actors}, it is the bot at the other end. */
  readonly spiffeId: SpiffeId;
  /**
   * The name within the trust domain, for example `leader/1`; of a bot of a federated trust domain its whole SPIFFE ID, for example
   * `spiffe://partner.example/orders/1`. So no two callers have the same name.
   */
  readonly name: string;
  /**
   * The bots that act for the caller (RFC 8693, section 4.1): the bot at the other end first, then the bot that it acts
   * for, and so on. Empty when the caller itself is at the other end.
   */
  readonly actors: readonly SpiffeId[];
  /** What the caller's token allows at this service. Empty for methods that are open to any bot. */
  readonly scopes: ReadonlySet<string>;
  /**
   * The id of the delegation under which the call is made: {@link spiffeId} has given a part of its scopes to the last of
   * {@link actors}, which may have passed it on. Absent for a call without one.
   */
  readonly delegation?: string;
  /**
   * What it allows for some requests only, with the conditions that have to be true of a request: CEL expressions. They have been
   * checked before a handler gets the request. Absent for none.
   */
  readonly narrowed?: ReadonlyMap<string, readonly string[]> | undefined;
  /** The client certificate of the connection: the caller's, or that of the first actor. */
  readonly certificate: Certificate;
  /** `host:port` of the other end. */
  readonly address: string;
}
