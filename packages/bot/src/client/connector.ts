import type { ServiceDefinition } from "@interlock/policy";
import { createBackoff } from "../base/backoff.js";
import type { CallDurations } from "../base/call-durations.js";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Recorder } from "../base/recorder.js";
import { SharedMetadata } from "../base/shared-metadata.js";
import type { IdentitySource } from "../identity/identity.js";
import { showToken } from "../token/authorization.js";
import { referToToken } from "../token/reference.js";
import type { TokenSource } from "../token/token-source.js";
import type { Trust } from "../trust/trust.js";
import type { CallCredentials, PendingToken } from "./call-credentials.js";
import { type Channel, createChannel } from "./channel.js";
import type { ChannelTuning } from "./channel-tuning.js";
import { checkIn } from "./check-in.js";
import type { ConnectionTimes } from "./connection-times.js";
import type { DeprecationLog } from "./deprecation-log.js";
import { createDrain } from "./drain.js";
import { createRetryBudget, type RetryBudget } from "./retry-budget.js";
import { createTokenKeeper } from "./token-keeper.js";
import type { TokenNeed } from "./token-need.js";
import { whenIdle } from "./when-idle.js";

/** The parts that the clients of one bot have in common. */
export interface ConnectorOptions {
  readonly identity: IdentitySource;
  readonly trust: Trust;
  readonly tokens: TokenSource;
  readonly clock: Clock;
  readonly recorder: Pick<Recorder, "called">;
  readonly deprecations: DeprecationLog;
  readonly times: ConnectionTimes;
  readonly tuning?: ChannelTuning | undefined;
}

/** What a connector has open now. */
export interface OpenConnections {
  readonly channels: number;
  readonly calls: number;
}

/** Keeps a channel to one server current: its certificate, its CA, its token. */
export interface Connector {
  /** How long the calls take, by their methods. */
  readonly durations: CallDurations;
  /** Tells of deprecated methods. */
  readonly deprecations: DeprecationLog;
  /** Bounds how many of its calls are made again. */
  readonly retries: RetryBudget;
  /**
   * Gives the credentials for a call if the token that it needs is cached; otherwise a token that is being fetched, with which
   * to ask again. If the certificate is renewed meanwhile, that token is for the old one, and there is another to wait for.
   * A call that needs no token gets its credentials at once.
   *
   * With `mayRefer` the credentials may only refer to the token: for a call that can be repeated if the server does not
   * know the token.
   */
  credentials(
    need: TokenNeed | undefined,
    token?: PendingToken,
    mayRefer?: boolean,
  ): CallCredentials | Promise<PendingToken>;
  /**
   * Keeps a stream authorized that may outlive its token: shows the next tokens to the server meanwhile. Returns a function
   * that is to be called when the stream has ended, if there is one.
   */
  keep(credentials: CallCredentials, need: TokenNeed | undefined): (() => void) | undefined;
  /** Gives the error of a call whose deadline passed while it waited for a token. */
  overdue(): InterlockError;
  /** Leaves a connection that seems to be dead: the next call makes another. */
  reconnect(): void;
  /** Gives the error of a call on `channel` as an `InterlockError`. */
  explain(channel: Channel, error: unknown): InterlockError;
  open(): OpenConnections;
  close(): void;
}

/** The time before a certificate expires in which no call begins on its channel, in milliseconds: it would be cut short. */
const inFlightMs = 2_000;

const late = "The deadline passed before there was a token for the call.";

/** Returns the error of a call whose deadline passed while it waited for a token of `tokens`. */
export function overdueCall(tokens: Pick<TokenSource, "overdue">): InterlockError {
  return tokens.overdue?.() ?? new InterlockError("DEADLINE_EXCEEDED", late);
}

/**
 * Connects to `service` at `address`, with tokens for that service only: one for each different set of scopes among the
 * methods that are called. With several addresses of one service, it stays at one until that cannot answer, and then goes to
 * the next.
 *
 * When the certificate is renewed, or the CA changes, calls move to a new channel once a server has accepted their tokens on
 * it; until then the old channel serves. The old channel is drained: its streams go on, see `createDrain`. Where no call has
 * needed a token, calls move at once.
 *
 * A channel without calls is closed after `times.idleMs`. Then nothing but the connector itself is left.
 */
export function createConnector(
  service: ServiceDefinition,
  address: string | readonly string[],
  servers: readonly string[],
  { identity, trust, tokens, clock, recorder, deprecations, times, tuning }: ConnectorOptions,
): Connector {
  const addresses = [address].flat();
  let at = 0;
  let channel: Channel | undefined;
  let next: Channel | undefined; // Being tried, while `channel` serves.
  const needs = new Map<string, ShownToken>(); // By their scopes; bounded by the methods of the service.
  let used = false; // Since the last renewal.
  let called = false; // Since it was last asked whether the connection is idle.
  let following: (() => void) | undefined; // Ends that channels are kept current.
  let closed = false;
  const authorize = (on: Channel, { scopes }: TokenNeed) => tokens.authorization(service.name, scopes, on.identity);
  const backoff = createBackoff();
  const keeper = createTokenKeeper(authorize, clock);
  const drain = createDrain(() => channel, keeper.again);

  function open(): Channel {
    const target = addresses[at] as string;
    if (!following) follow();
    const onVouch = drain.look;
    const current = identity.current();
    return createChannel({ address: target, identity: current, trust, clock, servers, times, tuning, onVouch });
  }

  /** Keeps channels current from now on, until there has been no call for a while. */
  function follow(): void {
    const stops = [
      identity.onChange(renew),
      trust.onChange(({ caChanged }) => {
        if (caChanged) renew();
      }),
      whenIdle(times.idleMs, { isBusy, leave }),
    ];
    following = () => {
      for (const stop of stops) stop();
      following = undefined;
    };
  }

  /** Whether there have been calls since it was asked last, or are now. */
  function isBusy(): boolean {
    const busy = called || next !== undefined || (channel?.calls ?? 0) > 0 || drain.calls > 0;
    called = false;
    return busy;
  }

  function leave(): void {
    channel?.retire();
    channel = undefined;
    needs.clear();
    following?.();
  }

  /** New calls go to another channel from now on. */
  function replace(): void {
    if (channel) {
      channel.retire();
      drain.add(channel);
    }
    // Streams on older channels need a channel on which those are vouched for, with or without new calls.
    channel = next ?? (drain.calls > 0 ? open() : undefined);
    next = undefined;
    drain.look();
  }

  /** Moves to a new channel, because the identity or the CA has changed. */
  function renew(): void {
    next?.retire();
    next = undefined;
    if (!channel) return;
    const idle = !used && channel.calls === 0 && drain.calls === 0;
    used = false;
    if (idle) {
      channel.retire();
      channel = undefined;
      return;
    }
    const wanted = takeWanted();
    if (wanted.length === 0 || channel.isSpent()) replace();
    else tryNext(wanted);
  }

  /** The needs of the calls since the last renewal; where there were none, of all before: their streams may be open. */
  function takeWanted(): readonly TokenNeed[] {
    const known = [...needs.values()];
    const recent = known.filter((one) => one.used);
    for (const one of known) one.used = false;
    return (recent.length > 0 ? recent : known).map(({ need }) => need);
  }

  function tryNext(wanted: readonly TokenNeed[]): void {
    const tried = open();
    next = tried;
    const again = () => {
      if (next !== tried || closed) return;
      tried.retire();
      tryNext(wanted);
    };
    admit(tried, wanted).then(
      () => {
        if (next !== tried) return;
        backoff.reset();
        replace();
      },
      () => void setTimeout(again, backoff.next()).unref(),
    );
  }

  /** Resolves once the server has accepted on the channel the tokens that can be had, one at least. */
  async function admit(tried: Channel, wanted: readonly TokenNeed[]): Promise<void> {
    const shown = await Promise.allSettled(
      wanted.map(async (need) => {
        const authorization = await authorize(tried, need);
        await checkIn(tried, showToken(authorization), authorization);
      }),
    );
    const failures = shown.filter((one) => one.status === "rejected").map(({ reason }) => InterlockError.from(reason));
    // Scopes that have been taken away since do not hold up the calls that need others.
    const lasting = failures.find(({ code }) => code !== "PERMISSION_DENIED");
    if (failures.length === wanted.length || lasting) throw lasting ?? failures[0];
  }

  function reconnect(): void {
    at = (at + 1) % addresses.length;
    next?.retire();
    next = undefined;
    replace();
  }

  function credentials(
    need: TokenNeed | undefined,
    token?: PendingToken,
    mayRefer = false,
  ): CallCredentials | Promise<PendingToken> {
    if (closed) throw new InterlockError("CANCELLED", "The client has been closed.");
    used = called = true;
    if (channel && isSpent(channel)) replace();
    channel ??= open();
    if (need === undefined) return { channel, metadata: noMetadata, refers: false };
    if (token?.channel === channel) return credentialsOn(channel, need, token.authorization, mayRefer);
    const authorization = authorize(channel, need);
    if (typeof authorization === "string") return credentialsOn(channel, need, authorization, mayRefer);
    if (next) {
      // Tokens are issued for the current certificate only, so the old channel cannot be used any longer.
      authorization.catch(() => {});
      replace();
      return credentials(need, undefined, mayRefer);
    }
    const current = channel;
    return authorization.then(
      (value) => ({ channel: current, authorization: value }),
      (error) => {
        if (closed || current.identity === identity.current()) throw error;
        // The certificate was renewed while the token was fetched for the one before.
        if (channel === current) replace();
        const again = credentials(need);
        return "metadata" in again ? { channel: again.channel, authorization: again.authorization ?? "" } : again;
      },
    );
  }

  function isSpent(on: Channel): boolean {
    const ending = on.identity !== identity.current() && clock.now() >= on.identity.leaf.notAfter - inFlightMs;
    return ending || on.isSpent();
  }

  // Calls that show the same token in the same way share what they send.
  function credentialsOn(current: Channel, need: TokenNeed, authorization: string, mayRefer: boolean): CallCredentials {
    let shown = needs.get(need.key);
    if (shown?.authorization !== authorization) {
      const whole = SharedMetadata.of(showToken(authorization));
      const reference = SharedMetadata.of(referToToken(authorization));
      shown = { need, authorization, whole, reference, used: true };
      needs.set(need.key, shown);
    }
    shown.used = true;
    const refers = mayRefer && current.remembers(authorization);
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
    durations: recorder.called,
    deprecations,
    retries: createRetryBudget(),
    credentials,
    overdue: () => overdueCall(tokens),
    reconnect,
    keep({ channel: on, authorization }, need) {
      return need && authorization !== undefined ? keeper.watch(on, need, authorization) : undefined;
    },
    explain,
    open() {
      const own = [channel, next].filter((one) => one !== undefined);
      return {
        channels: own.length + drain.size,
        calls: own.reduce((total, { calls }) => total + calls, drain.calls),
      };
    },
    close() {
      closed = true;
      following?.();
      drain.close();
      next?.retire();
      channel?.retire();
    },
  };
}

const noMetadata = new SharedMetadata();

/** The token that was last used for a need, in the two ways of showing it. */
interface ShownToken {
  readonly need: TokenNeed;
  readonly authorization: string;
  readonly whole: SharedMetadata;
  readonly reference: SharedMetadata;
  /** Whether a call has needed it since the last renewal of the certificate. */
  used: boolean;
}
