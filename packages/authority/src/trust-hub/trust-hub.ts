import { setImmediate as nextLoop } from "node:timers/promises";
import type { Clock, Trust, TrustState } from "@interlock/bot";
import { createTrust } from "@interlock/bot/internal";
import { activeRoot, rootsOf } from "../ca/ca-schedule.js";
import { coalesce } from "../coalesce.js";
import { loadCutOffs } from "../grants/cut-offs.js";
import type { RevocationRow } from "../store/schema.js";
import type { Store } from "../store/store.js";
import { isForgotten } from "./is-forgotten.js";
import { type TrustUpdate, updateSince } from "./trust-update.js";

/** What the fleet trusts, and the bots that want to be told of it. */
export interface TrustHub {
  /** For the authority's own server. */
  readonly trust: Trust;
  /** The trust as it is, for a bot that joins. */
  complete(): TrustUpdate;
  /**
   * Updates for a bot that has `version`: first what it lacks (all, when its version is 0 or not one of ours), then
   * whatever changes, and with every beat an empty update as a sign of life. Nothing is queued for a bot that reads
   * slowly: its next update covers all that it missed. Ends when `signal` aborts, and when the hub closes.
   */
  watch(version: bigint, signal: AbortSignal, spiffeId: string): AsyncGenerator<TrustUpdate, void>;
  /** How many bots are being told of updates now. */
  readonly watchers: number;
  /** Says whether a bot serves anything: those who do are told first, since it is they who hold what is to be cut. */
  serves(spiffeId: string, serving: boolean): void;
  /** Takes over what is new in the store, and tells everyone. */
  refresh(): Promise<void>;
  /** Gives every bot a sign of life. Call it several times within `staleAfterMs`, each time after {@link refresh}. */
  beat(): void;
  close(): void;
}

/** The part of the trust that is not in a hub's hands. `issuer` is that of a fleet whose record names none. */
export interface TrustBasis extends Pick<TrustState, "trustDomain" | "issuer" | "staleAfterMs"> {
  /** Is run before anything new is told: the authority has to be up to it itself by then. */
  follow?(): Promise<void>;
}

/** Opens the hub over what the store remembers. */
export async function openTrustHub(store: Store, { follow, ...basis }: TrustBasis, clock: Clock): Promise<TrustHub> {
  let revocations: readonly RevocationRow[] = []; // In the order of their versions, unrevoked ones among them.
  const trust = createTrust({ ...basis, version: 0n, caCertificates: [], jwks: { keys: [] }, revocations }, clock);
  let state = trust.state; // What is told: for a moment newer than `trust`, see `refresh`.
  let firstVersion = 1n;
  const servers = new Set(await store.endpoints.servers());
  const waiting = new Map<() => void, string>(); // What wakes a watcher, and whose it is.
  let turns = 0; // Changes and beats: a watcher that has seen them all waits for the next.
  let closed = false;
  let watchers = 0;

  function wake(serving: boolean): void {
    for (const [wakeOne, spiffeId] of [...waiting]) if (servers.has(spiffeId) === serving) wakeOne();
  }

  function turn(): void {
    turns++;
    wake(true);
    wake(false);
  }

  function nextTurn(signal: AbortSignal, spiffeId: string): Promise<void> {
    return new Promise((resolve) => {
      function wakeOne() {
        waiting.delete(wakeOne);
        signal.removeEventListener("abort", wakeOne);
        resolve();
      }
      waiting.set(wakeOne, spiffeId);
      signal.addEventListener("abort", wakeOne);
    });
  }

  const refresh = coalesce(async () => {
    // The version first: what is read after it is as new, or newer.
    const fleet = await store.fleet.get();
    if (BigInt(fleet?.trustVersion ?? 0) > state.version) await follow?.();
    const [ca, rows, cutOffs, signingKeys] = await Promise.all([
      loadBundle(store),
      store.revocations.since(Number(state.version)),
      loadCutOffs(store, clock.now()),
      store.signingKeys.list(),
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
    state = { ...basis, ...ca, version, issuer, formerIssuers, jwks, cutOffs, revocations: inForce };
    turns++;
    // Those who serve first: it is sent to them before this process is busy with a thousand connections of its own.
    wake(true);
    await nextLoop();
    trust.replace(state);
    wake(false);
  });

  async function* watch(version: bigint, signal: AbortSignal, spiffeId: string): AsyncGenerator<TrustUpdate, void> {
    // Another authority on this store may have told the bot more than this one has heard of; and where the store cannot
    // be read, nobody is told that all is well.
    await refresh();
    // A version from before a restored backup, or ahead of ours, is of data that we no longer have.
    let at = firstVersion <= version && version <= state.version ? version : 0n;
    watchers++;
    try {
      while (!signal.aborted && !closed) {
        const seen = turns;
        const update = updateSince(at, state, revocations);
        at = update.state.version;
        yield update;
        const upToDate = at === state.version && seen === turns;
        if (upToDate && !signal.aborted) await nextTurn(signal, spiffeId);
      }
    } finally {
      watchers--;
    }
  }

  await refresh();
  return {
    trust,
    complete: () => updateSince(0n, state, revocations),
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
      turn();
    },
    close() {
      closed = true;
      turn();
    },
  };
}

/** The roots, and which of them is active. */
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
