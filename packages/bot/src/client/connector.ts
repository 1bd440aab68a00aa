import { Metadata } from "@grpc/grpc-js";
import type { ServiceDefinition } from "@interlock/policy";
import type { Clock } from "../clock.js";
import { InterlockError } from "../error.js";
import type { IdentitySource } from "../identity/identity.js";
import { showToken } from "../token/authorization.js";
import { referToToken } from "../token/reference.js";
import type { TokenSource } from "../token/token-source.js";
import type { Trust } from "../trust/trust.js";
import { type Channel, createChannel } from "./channel.js";
import { createTokenKeeper } from "./token-keeper.js";

/** What clients of one bot have in common. */
export interface ConnectorOptions {
  readonly identity: IdentitySource;
  readonly trust: Trust;
  readonly tokens: TokenSource;
  readonly clock: Clock;
}

/** A channel with the credentials for one call on it; to be used at once. */
export interface Lease {
  readonly channel: Channel;
  readonly metadata: Metadata;
  /** The token in the metadata, or behind it; absent where none is needed. */
  readonly authorization?: string;
  /** Whether the metadata only refers to the token. */
  readonly refers: boolean;
}

/** A token that was fetched for calls on a channel. */
export interface Ticket {
  readonly channel: Channel;
  readonly authorization: string;
}

/** Keeps a channel to one server current: its certificate, its CA, its token. */
export interface Connector {
  /**
   * A lease, where the token is at hand; else a ticket to come, with which to ask again. It may be that the certificate
   * has been renewed meanwhile, and the ticket is for the old one: then there is another to wait for.
   *
   * With `mayRefer` it may be but a reference to the token: for a call that can be made again where the server does not
   * know which is meant.
   */
  lease(ticket?: Ticket, mayRefer?: boolean): Lease | Promise<Ticket>;
  /** The call is a stream, which may outlive its token: the server is shown the next ones meanwhile. */
  keep(lease: Lease): void;
  /** Leaves the connection that there is, for one that seems to be dead: the next call makes another. */
  reconnect(): void;
  /** An error of a call on `channel`, in our terms. */
  explain(channel: Channel, error: unknown): InterlockError;
  close(): void;
}

/**
 * Connects to `service` at `address`, with a token for no more than that service and its scopes. Of several addresses,
 * where the same is served, it stays at one until that cannot answer, and then goes to the next.
 */
export function createConnector(
  service: ServiceDefinition,
  address: string | readonly string[],
  servers: readonly string[],
  { identity, trust, tokens, clock }: ConnectorOptions,
): Connector {
  const scopes = [...new Set(Object.values(service.methods).flatMap(({ policy }) => policy.scopes))].sort();
  const addresses = [address].flat();
  let at = 0;
  let channel: Channel | undefined;
  let shown: { authorization: string; whole: Metadata; reference: Metadata } | undefined;
  let closed = false;
  const authorize = (on: Channel) => tokens.authorization(service.name, scopes, on.identity);
  const keeper = createTokenKeeper(authorize, clock);

  function renew(): void {
    channel?.retire();
    channel = undefined;
  }

  function reconnect(): void {
    at = (at + 1) % addresses.length;
    renew();
  }

  const unsubscribe = [
    identity.onChange(renew),
    trust.onChange(({ caChanged }) => {
      if (caChanged) renew();
    }),
  ];

  function lease(ticket?: Ticket, mayRefer = false): Lease | Promise<Ticket> {
    if (closed) throw new InterlockError("CANCELLED", "The client has been closed.");
    if (channel?.isSpent()) renew();
    channel ??= createChannel({
      address: addresses[at] as string,
      identity: identity.current(),
      trust,
      clock,
      servers,
    });
    const current = channel;
    if (scopes.length === 0) return { channel: current, metadata: new Metadata(), refers: false };
    if (ticket?.channel === current) return leaseOn(current, ticket.authorization, mayRefer);
    const authorization = authorize(current);
    if (typeof authorization === "string") return leaseOn(current, authorization, mayRefer);
    return authorization.then((value) => ({ channel: current, authorization: value }));
  }

  // grpc-js copies the metadata of a call, so calls that show the same token in the same way can share one object.
  function leaseOn(current: Channel, authorization: string, mayRefer: boolean): Lease {
    if (shown?.authorization !== authorization) {
      shown = { authorization, whole: showToken(authorization), reference: referToToken(authorization) };
    }
    const refers = mayRefer && current.remembered === authorization;
    return { channel: current, metadata: refers ? shown.reference : shown.whole, authorization, refers };
  }

  function explain(called: Channel, thrown: unknown): InterlockError {
    const error = explained(called, thrown);
    if (error.code === "UNAVAILABLE" && called === channel && addresses.length > 1) reconnect();
    return error;
  }

  function explained(called: Channel, thrown: unknown): InterlockError {
    if (called.cut) return called.cut;
    const error = InterlockError.from(thrown);
    if (error.reason?.startsWith("TOKEN_")) tokens.forget(service.name);
    if (error.code === "UNAVAILABLE" && called.refusal) return called.refusal;
    return error;
  }

  return {
    lease,
    reconnect,
    keep({ channel: on, authorization }) {
      if (authorization !== undefined) keeper.watch(on, authorization);
    },
    explain,
    close() {
      closed = true;
      for (const end of unsubscribe) end();
      channel?.retire();
    },
  };
}
