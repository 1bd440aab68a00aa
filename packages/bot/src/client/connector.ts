import { Metadata } from "@grpc/grpc-js";
import type { ServiceDefinition } from "@interlock/policy";
import { createBackoff } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { IdentitySource } from "../identity/identity.js";
import { showToken } from "../token/authorization.js";
import { referToToken } from "../token/reference.js";
import type { TokenSource } from "../token/token-source.js";
import type { Trust } from "../trust/trust.js";
import type { CallCredentials, PendingToken } from "./call-credentials.js";
import { type Channel, createChannel } from "./channel.js";
import { checkIn } from "./check-in.js";
import { createDrain } from "./drain.js";
import { createTokenKeeper } from "./token-keeper.js";

/** The parts that the clients of one bot have in common. */
export interface ConnectorOptions {
  readonly identity: IdentitySource;
  readonly trust: Trust;
  readonly tokens: TokenSource;
  readonly clock: Clock;
}

/** Keeps a channel to one server current: its certificate, its CA, its token. */
export interface Connector {
  /**
   * Gives the credentials for a call, where the token is at hand; else a token to come, with which to ask again. Where the
   * certificate has been renewed meanwhile, that token is for the old one, and there is another to wait for.
   *
   * With `mayRefer` the credentials may only refer to the token: for a call that can be made again where the server does not
   * know the token.
   */
  credentials(token?: PendingToken, mayRefer?: boolean): CallCredentials | Promise<PendingToken>;
  /** Keeps a stream authorized that may outlive its token: the server is shown the next tokens meanwhile. */
  keep(credentials: CallCredentials): void;
  /** Leaves a connection that seems to be dead: the next call makes another. */
  reconnect(): void;
  /** Gives the error of a call on `channel` as an `InterlockError`. */
  explain(channel: Channel, error: unknown): InterlockError;
  close(): void;
}

/** The time before a certificate expires in which no call begins on its channel, in milliseconds: it would be cut short. */
const inFlightMs = 2_000;

/**
 * Connects to `service` at `address`, with a token for that service and its scopes only. With several addresses of one
 * service, it stays at one until that cannot answer, and then goes to the next.
 *
 * When the certificate is renewed, or the CA changes, calls move to a new channel once a server has accepted a token on it;
 * until then the old channel serves. The old channel is drained: its streams go on, see `createDrain`. Where calls need no
 * token, they move at once.
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
  let next: Channel | undefined; // Being tried, while `channel` serves.
  let shown: { authorization: string; whole: Metadata; reference: Metadata } | undefined;
  let used = false; // Since the last renewal.
  let closed = false;
  const authorize = (on: Channel) => tokens.authorization(service.name, scopes, on.identity);
  const backoff = createBackoff();
  const keeper = createTokenKeeper(authorize, clock);
  const drain = createDrain(() => channel, keeper.again);

  function open(): Channel {
    const target = addresses[at] as string;
    return createChannel({ address: target, identity: identity.current(), trust, clock, servers, onVouch: drain.look });
  }

  /** New calls go to another channel from now on. */
  function replace(): void {
    if (channel) {
      channel.retire();
      drain.add(channel);
    }
    // Streams on older channels need a channel on which those are vouched for, with or without new calls.
    channel = next ?? (drain.inUse ? open() : undefined);
    next = undefined;
    drain.look();
  }

  /** Moves to a new channel, because the identity or the CA has changed. */
  function renew(): void {
    next?.retire();
    next = undefined;
    if (!channel) return;
    const idle = !used && !channel.inUse && !drain.inUse;
    used = false;
    if (idle) {
      channel.retire();
      channel = undefined;
      return;
    }
    if (scopes.length === 0 || channel.isSpent()) replace();
    else tryNext();
  }

  function tryNext(): void {
    const tried = open();
    next = tried;
    const again = () => {
      if (next !== tried || closed) return;
      tried.retire();
      tryNext();
    };
    admit(tried).then(
      () => {
        if (next !== tried) return;
        backoff.reset();
        replace();
      },
      () => void setTimeout(again, backoff.next()).unref(),
    );
  }

  /** Resolves once the server has accepted a token on the channel. */
  async function admit(tried: Channel): Promise<void> {
    const authorization = await authorize(tried);
    await checkIn(tried, showToken(authorization), authorization);
  }

  function reconnect(): void {
    at = (at + 1) % addresses.length;
    next?.retire();
    next = undefined;
    replace();
  }

  const unsubscribe = [
    identity.onChange(renew),
    trust.onChange(({ caChanged }) => {
      if (caChanged) renew();
    }),
  ];

  function credentials(token?: PendingToken, mayRefer = false): CallCredentials | Promise<PendingToken> {
    if (closed) throw new InterlockError("CANCELLED", "The client has been closed.");
    used = true;
    if (channel && isSpent(channel)) replace();
    channel ??= open();
    if (scopes.length === 0) return { channel, metadata: new Metadata(), refers: false };
    if (token?.channel === channel) return credentialsOn(channel, token.authorization, mayRefer);
    const authorization = authorize(channel);
    if (typeof authorization === "string") return credentialsOn(channel, authorization, mayRefer);
    if (next) {
      // Tokens are issued for the current certificate only, so the old channel cannot be used any longer.
      authorization.catch(() => {});
      replace();
      return credentials(undefined, mayRefer);
    }
    const current = channel;
    return authorization.then(
      (value) => ({ channel: current, authorization: value }),
      (error) => {
        if (closed || current.identity === identity.current()) throw error;
        // The certificate was renewed while the token was fetched for the one before.
        if (channel === current) replace();
        const again = credentials();
        return "metadata" in again ? { channel: again.channel, authorization: again.authorization ?? "" } : again;
      },
    );
  }

  function isSpent(on: Channel): boolean {
    const ending = on.identity !== identity.current() && clock.now() >= on.identity.leaf.notAfter - inFlightMs;
    return ending || on.isSpent();
  }

  // grpc-js copies the metadata of a call, so calls that show the same token in the same way can share one object.
  function credentialsOn(current: Channel, authorization: string, mayRefer: boolean): CallCredentials {
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
    credentials,
    reconnect,
    keep({ channel: on, authorization }) {
      if (authorization !== undefined) keeper.watch(on, authorization);
    },
    explain,
    close() {
      closed = true;
      for (const end of unsubscribe) end();
      drain.close();
      next?.retire();
      channel?.retire();
    },
  };
}
