import { setImmediate as nextLoop } from "node:timers/promises";
import type { Clock, Trust, TrustState } from "@interlock/bot";
import { createTrust, denial } from "@interlock/bot/internal";
import { parseSpiffeId } from "@interlock/policy";
import { activeRoot, rootsOf } from "../ca/ca-schedule.js";
import { coalesce } from "../coalesce.js";
import { loadCutOffs } from "../grants/cut-offs.js";
import type { RevocationRow } from "../store/schema.js";
import type { Store } from "../store/store.js";
import { federatedOf } from "./federated-of.js";
import { isForgotten } from "./is-forgotten.js";
import { type TrustUpdate, updateSince } from "./trust-update.js";

/** The trust of the fleet, and the bots that watch it. */
export interface TrustHub {
  /** The trust of the authority's own server. */
  readonly trust: Trust;
  /** Returns the complete trust, for a bot that joins. */
  complete(): TrustUpdate;
  /**
   * Yields updates for a bot that has `version`: first what it lacks (the complete trust, if its version is 0 or
   * unknown), then every change, and an empty update with every heartbeat. Nothing is queued for a slow reader: its
   * next update covers everything that it missed. Ends when `signal` aborts, and when the hub closes. One bot has at most
   * four at once: the oldest ends with `CALL_LIMIT` when there is a fifth.
   */
  watch(version: bigint, signal: AbortSignal, spiffeId: string): AsyncGenerator<TrustUpdate, void>;
  /** The number of bots that watch now. */
  readonly watchers: number;
  /** Records whether a bot serves anything. Servers get updates first, because they have the connections to end. */
  serves(spiffeId: string, serving: boolean): void;
  /** Loads changes from the store and sends them to every watching bot. */
  refresh(): Promise<void>;
  /** Sends a heartbeat to every bot. Call it several times within `staleAfterMs`, each time after {@link refresh}. */
  beat(): void;
  close(): void;
}

/** The fixed part of the trust. `issuer` is used when the record of the fleet names none. */
export interface TrustBasis extends Pick<TrustState, "trustDomain" | "issuer" | "staleAfterMs"> {
  /** Runs before a change is sent, so that the authority itself applies it first. */
  follow?(): Promise<void>;
}

/**
 * How many watchers one bot may have. It has one, a second while its connection is renewed or a revocation is fetched, and
 * those of a connection that broke without a word. Every change wakes all of them.
 */
const watchersPerBot = 4;

/**
 * How many watchers are woken in one turn of the event loop. A turn's updates are written at its end, which takes some 5 ms for so
 * many, and other calls get their answers in between.
 */
const wokenInATurn = 64;

/** How many turns servers are ahead, at most, of the authority's own server: time for a thousand of them. */
const turnsAhead = 16;

/** One watcher among those of its bot. */
interface Place {
  /** Whether newer ones have taken its place. */
  gone: boolean;
  /** Wakes it where it waits. */
  wake: () => void;
}

/** A watcher that has everything and waits for the next turn. */
interface Waiting {
  readonly spiffeId: string;
  /** The turns that there had been when it began to wait. */
  readonly since: number;
}

/** Opens the hub on a store. */
export async function openTrustHub(store: Store, { follow, ...basis }: TrustBasis, clock: Clock): Promise<TrustHub> {
  let revocations: readonly RevocationRow[] = []; // In the order of their versions, ended ones included.
  const trust = createTrust({ ...basis, version: 0n, caCertificates: [], jwks: { keys: [] }, revocations }, clock);
  let state = trust.state; // What is sent; newer than `trust` for a moment, see `refresh`.
  let firstVersion = 1n;
  let retiredVersion = 0n; // The version in which the retired methods changed last.
  const servers = new Set(await store.endpoints.servers());
  const waiting = new Map<() => void, Waiting>(); // By the function that wakes it.
  let turns = 0; // Counts changes and heartbeats. An up-to-date watcher waits for the next one.
  let closed = false;
  let watchers = 0;

  /**
   * Wakes the watchers that serve, or the others: those that wait for this turn since before it. Resolves when what they have been
   * given has been written.
   */
  async function wake(serving: boolean, turn: number): Promise<void> {
    let woken = 0;
    for (const [wakeOne, { spiffeId, since }] of [...waiting]) {
      if (since >= turn || servers.has(spiffeId) !== serving || !waiting.has(wakeOne) || isRevoked(spiffeId)) continue;
      wakeOne();
      if (++woken % wokenInATurn === 0) await nextLoop();
    }
    await pass(2); // A watcher runs after the first one has been asked for, and what it yields is written after that.
  }

  /** Whether a bot's calls are about to be ended, which tells it more than an update. */
  function isRevoked(uri: string): boolean {
    const id = parseSpiffeId(uri);
    return id !== undefined && trust.identityRevoked(id);
  }

  const places = new Map<string, Place[]>(); // The watchers of each bot, the oldest first.

  function takePlace(spiffeId: string): Place {
    const place = { gone: false, wake() {} };
    const others = places.get(spiffeId) ?? [];
    places.set(spiffeId, [...others.slice(1 - watchersPerBot), place]);
    for (const oldest of others.slice(0, 1 - watchersPerBot)) {
      oldest.gone = true;
      oldest.wake();
    }
    return place;
  }

  function leavePlace(spiffeId: string, place: Place): void {
    const left = (places.get(spiffeId) ?? []).filter((other) => other !== place);
    if (left.length > 0) places.set(spiffeId, left);
    else places.delete(spiffeId);
  }

  function nextTurn(signal: AbortSignal, spiffeId: string, place: Place): Promise<void> {
    return new Promise((resolve) => {
      function wakeOne() {
        place.wake = () => {};
        waiting.delete(wakeOne);
        signal.removeEventListener("abort", wakeOne);
        resolve();
      }
      place.wake = wakeOne;
      waiting.set(wakeOne, { spiffeId, since: turns });
      signal.addEventListener("abort", wakeOne);
    });
  }

  const refresh = coalesce(async () => {
    // The version is read first, so that everything read after it is at least as new.
    const fleet = await store.fleet.get();
    if (BigInt(fleet?.trustVersion ?? 0) > state.version) await follow?.();
    const [ca, rows, cutOffs, signingKeys, methods, retiredIn, federations] = await Promise.all([
      loadBundle(store),
      store.revocations.since(Number(state.version)),
      loadCutOffs(store, clock.now()),
      store.signingKeys.list(),
      store.retiredMethods.list(),
      store.retiredMethods.version(),
      store.federations.inForce(),
    ]);
    const jwks = { keys: signingKeys.map(({ publicJwk }) => JSON.parse(publicJwk)) };
    firstVersion = BigInt(fleet?.firstVersion ?? 1);
    const version = BigInt(Math.max(fleet?.trustVersion ?? 0, rows.at(-1)?.trustVersion ?? 0));
    if (version <= state.version) return;
    const changed = new Set(rows.map(keyOf));
    const kept = revocations.filter((row) => !changed.has(keyOf(row)) && !isForgotten(row, clock.now()));
    revocations = [...kept, ...rows];
    const inForce = revocations.filter((row) => row.unrevokedAt === null);
    const issuer = fleet?.issuer ?? basis.issuer;
    const formerIssuers = fleet?.formerIssuer ? [fleet.formerIssuer] : [];
    const retired = methods.map(({ method }) => method);
    retiredVersion = BigInt(retiredIn);
    const federated = federations.map(federatedOf);
    const sent = { issuer, formerIssuers, jwks, cutOffs, retired, federated, revocations: inForce };
    state = { ...basis, ...ca, version, ...sent };
    const turn = ++turns;
    // Servers first: they have the update before this process works on its own connections, possibly thousands.
    const told = wake(true, turn);
    await Promise.race([told, pass(turnsAhead)]);
    trust.replace(state);
    void told.then(() => wake(false, turn));
  });

  async function* watch(version: bigint, signal: AbortSignal, spiffeId: string): AsyncGenerator<TrustUpdate, void> {
    const place = takePlace(spiffeId);
    watchers++;
    try {
      // Another authority on this store may have sent the bot more than this one has loaded. And while the store cannot be
      // read, no bot may get a heartbeat.
      await refresh();
      // A version from before a restore, or ahead of ours, belongs to data that no longer exists.
      let at = firstVersion <= version && version <= state.version ? version : 0n;
      while (!signal.aborted && !closed) {
        if (place.gone) throw denial("CALL_LIMIT", `one bot may watch the trust ${watchersPerBot} times at once`);
        const seen = turns;
        const update = updateSince(at, state, revocations, retiredVersion);
        at = update.state.version;
        yield update;
        const upToDate = at === state.version && seen === turns;
        if (upToDate && !signal.aborted) await nextTurn(signal, spiffeId, place);
      }
    } finally {
      watchers--;
      leavePlace(spiffeId, place);
    }
  }

  await refresh();
  return {
    trust,
    complete: () => updateSince(0n, state, revocations, retiredVersion),
    watch,
    get watchers() {
      return watchers;
    },
    serves(spiffeId, serving) {
      if (serving) servers.add(spiffeId);
      else servers.delete(spiffeId);
    },
    refresh,
    beat() {
      trust.touch();
      const turn = ++turns;
      void wake(true, turn).then(() => wake(false, turn));
    },
    close() {
      closed = true;
      for (const wakeOne of [...waiting.keys()]) wakeOne();
    },
  };
}

/** Lets the event loop go round. */
async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await nextLoop();
}

/** Loads the roots and the active one among them. */
async function loadBundle({ caCertificates }: Store): Promise<Pick<TrustState, "caCertificates" | "activeCa">> {
  const roots = rootsOf(await caCertificates.list());
  const active = activeRoot(roots);
  return {
    caCertificates: roots.map(({ certificate }) => Uint8Array.from(Buffer.from(certificate, "base64"))),
    ...(active && { activeCa: active.digest }),
  };
}

function keyOf({ kind, subject }: RevocationRow): string {
  return `${kind} ${subject}`;
}
