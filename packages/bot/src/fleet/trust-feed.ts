import { createBackoff } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import { createLanes } from "../base/lanes.js";
import type { Log } from "../base/log.js";
import { pause } from "../base/pause.js";
import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import type { WatchTrustResponse } from "../gen/interlock/authority/v1/trust.js";
import type { Identity, IdentitySource } from "../identity/identity.js";
import { applyTrustUpdate } from "../trust/apply-update.js";
import type { AuthorityContact } from "../trust/authority-contact.js";
import type { Revocation } from "../trust/revocation.js";
import type { MutableTrust } from "../trust/trust.js";
import type { SavedTrust, TrustFolder } from "../trust/trust-folder.js";
import { createClockWatch } from "./compare-clocks.js";
import { createLatest, type Latest } from "./latest.js";

/** The options of {@link followTrust}. */
export interface TrustFeedOptions {
  readonly authority: Client<typeof AuthorityService>;
  readonly contact: AuthorityContact;
  readonly identity: Pick<IdentitySource, "current">;
  readonly trust: MutableTrust;
  readonly folder: TrustFolder;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Drops the connection: the feed on it is silent although it seems open, so the next attempt needs another. */
  reconnect(): void;
}

/** The trust feed of a bot. */
export interface TrustFeed {
  /** Resolves once the authority has been heard, or the first attempt has failed. */
  readonly attempted: Promise<void>;
  /** Resolves once the feed has ended. */
  readonly ended: Promise<void>;
}

// Short, because calls wait for it.
const refetchTimeoutMs = 2_000;

// An authority answers a new feed at once. A connection that a broken network has swallowed never says so.
const firstWordMs = 5_000;

// The rest between two savings of the trust, so that many updates cost few flushes.
const saveRestMs = 1_000;

// How many bots of one process save at a time. An update comes to all of them at once, and to save it takes longer than to enforce it.
const savings = createLanes(2);

/** The destinations of an update: first it takes effect, then it is saved. */
interface Sink {
  readonly trust: MutableTrust;
  readonly saving: Latest<SavedTrust>;
}

/**
 * Follows the authority's trust until `signal` aborts: applies each update and saves it. It reconnects after a failure, at the
 * latest 2 s later, and when nothing has been heard for two thirds of the declared bound, in which the authority gives three
 * signs of life; for 5 s on a new feed. An outage is told to `contact`, and a refusal is logged once while it lasts. That this bot itself
 * has been revoked is the one thing that no update tells it: the authority's answer does, which is put into the trust.
 * `trust.refetch` asks the authority outside the feed, for when the feed is behind.
 */
export function followTrust(options: TrustFeedOptions): TrustFeed {
  const { trust, folder, log } = options;
  // The update is in force already. Saving is for the next start, and the disk may be slow, or fail.
  const save = (saved: SavedTrust) =>
    folder.save(saved).catch((error) => log.error("trust not saved", { error: String(error) }));
  const saving = createLatest(saveRestMs, save, savings);
  const sink = { trust, saving };
  trust.refetchWith(() => refetch(options, sink));
  let attempted = () => {};
  const first = new Promise<void>((resolve) => (attempted = resolve));
  const ended = follow(options, sink, attempted).finally(attempted);
  return { attempted: first, ended };
}

async function follow(options: TrustFeedOptions, sink: Sink, attempted: () => void): Promise<void> {
  const { trust, contact, log, signal } = options;
  const usual = createBackoff({ firstMs: 400 });
  // A revoked bot is refused in every handshake, and a thousand of them must not keep the authority busy.
  const whenRevoked = createBackoff({ firstMs: 10_000, maximumMs: 60_000 });
  let backoff = usual;
  let complete = false;
  let inDoubt = false;
  let told = "";
  const compareClocks = createClockWatch(options.clock, log);
  while (!signal.aborted) {
    let heard = false;
    const shown = options.identity.current();
    try {
      const version = complete ? 0n : trust.state.version;
      for await (const update of watch(version, options)) {
        heard = true;
        inDoubt = false;
        backoff = usual;
        backoff.reset();
        take(update, sink);
        compareClocks(update.sentAt);
        contact.reached();
        told = "";
        complete = false;
        attempted();
      }
    } catch (error) {
      if (signal.aborted) break;
      const revoked: OwnRevocation | undefined =
        revokedBy(error, shown) ?? (inDoubt ? certificateOf(shown) : undefined);
      // The certificate may be an earlier one of the connection. If it is that of now, the next feed is not accepted, without a reason.
      inDoubt = heard && revoked?.kind === "certificate";
      if (revoked && !inDoubt) {
        backoff = whenRevoked;
        takeOwn(revoked, options, sink);
      }
      const silent = InterlockError.from(error).code === "DEADLINE_EXCEEDED";
      const since = silent && Number.isFinite(trust.heardAt) ? trust.heardAt : undefined;
      if (!contact.missed(error, since) && told !== String(error)) {
        told = String(error);
        log.warn("trust feed interrupted", { error: told, stale: trust.isStale() });
      }
      complete = true; // The complete trust repairs every fault.
    }
    attempted();
    await pause(backoff.next(), signal);
  }
  // Saves the time at which the authority was last heard, for the next start.
  sink.saving.offer(savedAs(trust));
  await sink.saving.settled();
}

/** Yields the updates since `version`. Throws when the authority falls silent. */
async function* watch(
  version: bigint,
  { authority, trust, signal, reconnect }: TrustFeedOptions,
): AsyncGenerator<WatchTrustResponse, void> {
  const silence = new AbortController();
  const fellSilent = () =>
    silence.abort(new InterlockError("DEADLINE_EXCEEDED", "nothing has been heard from the authority"));
  const patience = (ms: number) => setTimeout(fellSilent, Math.min((trust.state.staleAfterMs * 2) / 3, ms)).unref();
  let timer = patience(firstWordMs);
  try {
    const either = AbortSignal.any([signal, silence.signal]);
    for await (const update of authority.watchTrust({ version }, { signal: either, detached: true })) {
      clearTimeout(timer);
      yield update;
      timer = patience(2 ** 31 - 1);
    }
  } catch (error) {
    if (!silence.signal.aborted) throw error;
    reconnect();
    throw silence.signal.reason;
  } finally {
    clearTimeout(timer);
  }
}

/** The revocation of a bot, without its time. */
type OwnRevocation = Pick<Revocation, "kind" | "subject">;

/**
 * The revocation of this bot, where the authority has answered with it. The same reasons stand in errors of this process, where it
 * has refused the server: those are about the other end.
 *
 * @param shown - The identity of this bot at the beginning of the feed.
 */
function revokedBy(error: unknown, shown: Identity): OwnRevocation | undefined {
  const { reason, remote } = InterlockError.from(error);
  if (!remote) return undefined;
  if (reason === "IDENTITY_REVOKED") return { kind: "identity", subject: shown.spiffeId.uri };
  return reason === "CERTIFICATE_REVOKED" ? certificateOf(shown) : undefined;
}

function certificateOf({ leaf }: Identity): OwnRevocation {
  return { kind: "certificate", subject: leaf.serial };
}

/**
 * Puts the revocation of this bot into its trust, of which it is no version: the next feed asks for the complete trust. It makes the
 * trust no fresher, because what else has been revoked is not known.
 */
function takeOwn(revoked: OwnRevocation, { identity, clock }: TrustFeedOptions, { trust, saving }: Sink): void {
  const current = identity.current();
  if (trust.peerRevoked(current.spiffeId.uri, current.leaf)) return;
  const revocation = { ...revoked, revokedAt: clock.now(), reason: "the authority has refused this bot" };
  const { state } = trust;
  trust.replace({ ...state, version: 0n, revocations: [...state.revocations, revocation] }, false);
  saving.offer(savedAs(trust));
}

async function refetch({ authority, trust, signal }: TrustFeedOptions, sink: Sink): Promise<void> {
  const { version } = trust.state;
  const callOptions = { signal, detached: true, timeoutMs: refetchTimeoutMs };
  for await (const update of authority.watchTrust({ version }, callOptions)) return take(update, sink);
}

function take(update: WatchTrustResponse, { trust, saving }: Sink): void {
  const isNew = update.appliesTo === 0n || update.resultsIn > trust.state.version || bringsFederated(update, trust);
  if (isNew) {
    trust.replace(applyTrustUpdate(trust.state, update));
    saving.offer(savedAs(trust));
  } else {
    trust.touch(); // A sign of life, or an update that `refetch` has brought already.
  }
}

/**
 * Whether a sign of life tells of federated trust domains of which this bot knows none, at the same version: what it has kept was
 * written by an earlier release, or in another language.
 */
function bringsFederated({ appliesTo, federated }: WatchTrustResponse, { state }: MutableTrust): boolean {
  return federated.length > 0 && state.federated === undefined && appliesTo === state.version;
}

function savedAs({ state, heardAt }: MutableTrust): SavedTrust {
  return { state, heardAt };
}
