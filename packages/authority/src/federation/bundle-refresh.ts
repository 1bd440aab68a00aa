import { isDeepStrictEqual } from "node:util";
import { type Clock, InterlockError, type Log } from "@interlock/bot";
import { type Backoff, createBackoff } from "@interlock/bot/internal";
import { parseSpiffeId } from "@interlock/policy";
import { type BundleEndpoint, isSameEndpoint } from "./bundle-endpoint.js";
import { type FetchOptions, fetchBundle } from "./fetch-bundle.js";
import { inOrder } from "./in-order.js";
import type { ReadBundle } from "./parse-trust-bundle.js";
import { type RefreshBounds, refreshInterval } from "./refresh-interval.js";
import type { TrustBundle } from "./trust-bundle.js";

/** A domain whose bundle is kept current. */
export interface FollowedDomain {
  readonly trustDomain: string;
  /** Where its bundle is fetched; `undefined` for one that stays as it is. It may prove the endpoint of another domain. */
  readonly endpoint: BundleEndpoint | undefined;
  /** The latest bundle; `undefined` before the first one. */
  readonly bundle: TrustBundle | undefined;
  /** When it was given or fetched, in milliseconds since the epoch; `undefined` before the first one, which is fetched at once. */
  readonly fetchedAt: number | undefined;
}

/** A domain that has an endpoint. */
export type FetchedDomain = FollowedDomain & { readonly endpoint: BundleEndpoint };

/** What the refresh works with. */
export interface BundleRefreshOptions extends RefreshBounds, Pick<FetchOptions, "webCa" | "totalMs" | "idleMs"> {
  /** Gives the domains as they are now. Another authority on the same store may have changed them. */
  domains(): Promise<readonly FollowedDomain[]> | readonly FollowedDomain[];
  /**
   * Keeps a fetched bundle. It has to change nothing, and to reject, where the domain is gone by then, or has another endpoint or
   * another bundle than `domain`: compare in the transaction.
   */
  save(domain: FetchedDomain, bundle: TrustBundle, fetchedAt: number): Promise<void>;
  /** Is told of each fetch that failed, or whose bundle was refused. What it throws is not looked at. Default: nothing is. */
  failed?(trustDomain: string, error: InterlockError, at: number): Promise<void> | void;
  /** The own trust domain, by which endpoints that it serves for others are verified. Default: none. */
  readonly own?: { readonly trustDomain: string; caCertificates(): readonly Uint8Array[] } | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** How often it looks whether a bundle is due, in milliseconds. Default: 10,000. */
  readonly lookMs?: number;
  /** Gives a number from 0 to 1. Default: `Math.random`. */
  readonly random?: () => number;
  /** Fetches a bundle. Default: {@link fetchBundle}. */
  readonly fetch?: typeof fetchBundle;
}

/** The bundles of other trust domains, kept current. */
export interface BundleRefresh {
  /**
   * Fetches the bundle of a domain now, or waits for the fetch that is under way.
   *
   * @throws InterlockError that says what to do. The known bundle stays as it is.
   */
  refresh(trustDomain: string): Promise<TrustBundle>;
  /** Fetches the bundles that are due, and resolves when they are done. Never rejects. */
  turn(): Promise<void>;
  /** Gives the failure of the latest fetch, if it failed in this process. */
  failure(trustDomain: string): { readonly at: number; readonly error: InterlockError } | undefined;
  /** Ends the fetches under way. Nothing is saved afterwards. */
  close(): Promise<void>;
}

/** The state of a domain in this process. There is one for each followed domain, and none for others. */
interface FetchState {
  readonly backoff: Backoff;
  /** A number from 0 to 1, for the jitter. */
  part: number;
  /** No fetch begins by itself before that time. */
  notBefore: number;
  failure: { readonly at: number; readonly error: InterlockError } | undefined;
}

/** How many bundles are fetched at a time. Each takes a connection, and at most a document. */
const maximumFetches = 8;

/** The delays after failures, in milliseconds. */
const backoffMs = { firstMs: 10_000, maximumMs: 300_000 };

/**
 * Keeps the bundles of other trust domains current: each is fetched as often as it asks for, within bounds, one fetch at a time. A
 * bundle that cannot be fetched stays as it is; its sequence never goes backwards.
 */
export function createBundleRefresh(options: BundleRefreshOptions): BundleRefresh {
  const { save, own, clock, log, lookMs = 10_000, random = Math.random, fetch = fetchBundle } = options;
  const closing = new AbortController();
  const states = new Map<string, FetchState>();
  const underWay = new Map<string, Promise<TrustBundle>>();
  let turning: Promise<void> | undefined;
  const timer = setInterval(() => void turn(), lookMs).unref();

  function stateOf(trustDomain: string): FetchState {
    const known = states.get(trustDomain);
    if (known) return known;
    const state = {
      backoff: createBackoff({ ...backoffMs, random }),
      part: random(),
      notBefore: 0,
      failure: undefined,
    };
    states.set(trustDomain, state);
    return state;
  }

  function refresh(trustDomain: string): Promise<TrustBundle> {
    const running = underWay.get(trustDomain);
    if (running) return running;
    const begun = run(trustDomain).finally(() => underWay.delete(trustDomain));
    underWay.set(trustDomain, begun);
    return begun;
  }

  async function run(trustDomain: string): Promise<TrustBundle> {
    closing.signal.throwIfAborted();
    const domain = await find(trustDomain);
    const state = stateOf(trustDomain);
    try {
      const bundle = await fetchFor(domain);
      state.failure = undefined;
      state.backoff.reset();
      state.notBefore = 0;
      return bundle;
    } catch (thrown) {
      const error = InterlockError.from(thrown);
      const at = clock.now();
      state.failure = { at, error };
      state.notBefore = at + state.backoff.next();
      if (!closing.signal.aborted) await tellFailure(trustDomain, error, at);
      throw error;
    } finally {
      state.part = random();
    }
  }

  async function tellFailure(trustDomain: string, error: InterlockError, at: number): Promise<void> {
    try {
      await options.failed?.(trustDomain, error, at);
    } catch {} // The failure itself is told.
  }

  async function find(trustDomain: string): Promise<FetchedDomain> {
    const domain = (await options.domains()).find((one) => one.trustDomain === trustDomain);
    if (domain && hasEndpoint(domain)) return domain;
    throw domain
      ? new InterlockError(
          "FAILED_PRECONDITION",
          `${trustDomain} has no bundle endpoint: give its next bundle as a file.`,
        )
      : new InterlockError("NOT_FOUND", `${trustDomain} is no federated domain: add it first.`);
  }

  async function fetchFor(domain: FetchedDomain): Promise<TrustBundle> {
    const { trustDomain, endpoint } = domain;
    const { webCa, totalMs, idleMs } = options;
    const limits = { ...(totalMs !== undefined && { totalMs }), ...(idleMs !== undefined && { idleMs }) };
    const current = await verifiedBy(domain);
    const fetched = await fetch(endpoint, trustDomain, current, { clock, webCa, ...limits, signal: closing.signal });
    // The domain may be gone by now, or have been added again with other CAs, because those that proved the endpoint have leaked.
    const latest = await find(trustDomain);
    if (!isSameEndpoint(latest.endpoint, endpoint) || !areSame(await verifiedBy(latest), current)) {
      throw new InterlockError("ABORTED", `${trustDomain} has been changed while its bundle was fetched: try again.`);
    }
    const bundle = inOrder(trustDomain, latest.bundle, fetched);
    closing.signal.throwIfAborted();
    await save(latest, bundle, clock.now());
    tell(trustDomain, latest.bundle, fetched);
    return bundle;
  }

  /** The CA certificates by which the endpoint is verified: of the domain itself, or of the one that serves for it. */
  async function verifiedBy({ endpoint, trustDomain, bundle }: FetchedDomain): Promise<readonly Uint8Array[]> {
    if (endpoint.profile === "https_web") return [];
    const server = parseSpiffeId(endpoint.spiffeId)?.trustDomain;
    if (server === trustDomain) return bundle?.caCertificates ?? [];
    if (server === own?.trustDomain) return own?.caCertificates() ?? [];
    const other = (await options.domains()).find((one) => one.trustDomain === server);
    if (other) return other.bundle?.caCertificates ?? [];
    throw new InterlockError(
      "FAILED_PRECONDITION",
      `The endpoint of ${trustDomain} is of the trust domain ${server}, which is not federated: add that one first.`,
    );
  }

  function tell(trustDomain: string, before: TrustBundle | undefined, { ignored, ...bundle }: ReadBundle): void {
    const certificates = bundle.caCertificates.length;
    const facts = { trustDomain, certificates, sequence: bundle.sequence?.toString() };
    if (certificates === 0) log.warn("trust bundle has no CA, so nothing of the domain is trusted", facts);
    else if (!before || !areSame(before.caCertificates, bundle.caCertificates)) log.info("trust bundle changed", facts);
    if (ignored.length > 0)
      log.warn("trust bundle has CAs that are not used", { trustDomain, ignored: ignored.join("; ") });
  }

  function isDue({ trustDomain, bundle, fetchedAt }: FollowedDomain, now: number): boolean {
    const state = stateOf(trustDomain);
    if (now < state.notBefore || underWay.has(trustDomain)) return false;
    return (
      fetchedAt === undefined || now >= fetchedAt + refreshInterval(bundle?.refreshHintSeconds, options, state.part)
    );
  }

  async function fetchDue(): Promise<void> {
    const all = await options.domains();
    const followed = new Set(all.map(({ trustDomain }) => trustDomain));
    for (const trustDomain of states.keys()) if (!followed.has(trustDomain)) states.delete(trustDomain);
    const due = all
      .filter((domain) => hasEndpoint(domain) && isDue(domain, clock.now()))
      .map(({ trustDomain }) => trustDomain);
    const lanes = Array.from({ length: maximumFetches }, async () => {
      for (let next = due.shift(); next !== undefined && !closing.signal.aborted; next = due.shift())
        await attempt(next);
    });
    await Promise.all(lanes);
  }

  async function attempt(trustDomain: string): Promise<void> {
    await refresh(trustDomain).catch((thrown) => {
      const { code, message } = InterlockError.from(thrown);
      if (!closing.signal.aborted) log.warn("trust bundle not fetched", { trustDomain, code, error: message });
    });
  }

  function turn(): Promise<void> {
    turning ??= fetchDue()
      .catch((error) => log.error("federated domains not read", { error: InterlockError.from(error).message }))
      .finally(() => {
        turning = undefined;
      });
    return turning;
  }

  return {
    refresh,
    turn,
    failure: (trustDomain) => states.get(trustDomain)?.failure,
    async close() {
      clearInterval(timer);
      closing.abort(new InterlockError("CANCELLED", "The authority is closing."));
      await Promise.allSettled([turning, ...underWay.values()]);
    },
  };
}

function hasEndpoint(domain: FollowedDomain): domain is FetchedDomain {
  return domain.endpoint !== undefined;
}

/** Whether two lists hold the same certificates, in any order. */
function areSame(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  const [one, other] = [a, b].map((list) => list.map((der) => Buffer.from(der).toString("latin1")).sort());
  return isDeepStrictEqual(one, other);
}
