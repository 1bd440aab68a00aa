import { availableParallelism } from "node:os";
import type { KnockOptions } from "./knock-all.js";
import type { ScanHost } from "./target.js";

/** How ports are discovered. */
export interface DiscoverOptions {
  /** The most attempts a second, on all hosts together. Default: 2,000; no limit where every address is loopback. */
  readonly perSecond?: number | undefined;
  /** The most attempts under way at a time, from 1 to 4,096. Default: 256; 64 where every address is loopback, since more only take memory. */
  readonly concurrency?: number | undefined;
  /** How long to wait for an answer, in milliseconds, up to 60,000. Default: 2,000. */
  readonly timeoutMs?: number | undefined;
  /** How long to wait while this machine has no room for a single attempt, in milliseconds, up to an hour. Default: 30,000. */
  readonly patienceMs?: number | undefined;
  /**
   * How many threads connect, from 1 to 16; that of the caller is one of them. Default: 2 for 16,384 ports or more without a
   * limit a second, otherwise 1.
   */
  readonly threads?: number | undefined;
  /** Is called about ten times a second, and at the end. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How far a scan has come. */
export interface Progress {
  /** How many ports have been tried, of {@link total}. */
  readonly done: number;
  readonly total: number;
  /** How many listen. */
  readonly open: number;
  /** How many gave no answer: a firewall drops what is sent there, or a listener's queue is full. */
  readonly silent: number;
}

/** From how many ports on a second thread is worth its start. */
const manyPorts = 16_384;

/**
 * Fills in the defaults for `total` ports of `hosts`.
 *
 * @throws RangeError for an option out of its range.
 */
export function readOptions(
  hosts: readonly ScanHost[],
  total: number,
  options: DiscoverOptions,
): KnockOptions & { readonly threads: number } {
  const unlimited = Number.POSITIVE_INFINITY;
  const local = hosts.every(({ address }) => isLoopback(address));
  const { timeoutMs = 2_000, patienceMs = 30_000 } = options;
  const { concurrency = local ? 64 : 256, perSecond = local ? unlimited : 2_000 } = options;
  const useful = total >= manyPorts && perSecond === unlimited ? Math.min(2, availableParallelism()) : 1;
  const { threads = useful } = options;
  if (perSecond !== unlimited) check("perSecond", perSecond, 1_000_000);
  check("concurrency", concurrency, 4_096);
  check("timeoutMs", timeoutMs, 60_000);
  check("patienceMs", patienceMs, 3_600_000);
  check("threads", threads, 16);
  if (threads > 1 && perSecond !== unlimited) throw new RangeError("threads is for a scan without perSecond");
  return { perSecond, concurrency, timeoutMs, patienceMs, threads };
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

function check(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new RangeError(`${name} is ${value}, and must be a whole number from 1 to ${most}`);
}
