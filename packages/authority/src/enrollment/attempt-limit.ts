import { denial } from "@interlock/bot";

/** Slows down addresses whose attempts to join keep failing. */
export interface AttemptLimit {
  /** Throws `RATE_LIMITED` while an address has too many failures behind it. */
  check(address: string, now: number): void;
  failed(address: string, now: number): void;
}

const burst = 20;
const perSecond = 1;
const maximumAddresses = 10_000;

/** Allows 20 failures at once and one more each second, by address without its port. Successes are not limited. */
export function createAttemptLimit(): AttemptLimit {
  // How many failures weigh on an address, and since when; the one that failed longest ago stands first.
  const failures = new Map<string, { weight: number; at: number }>();

  function weightOf(host: string, now: number): number {
    const entry = failures.get(host);
    return entry ? Math.max(0, entry.weight - (Math.max(0, now - entry.at) / 1_000) * perSecond) : 0;
  }

  return {
    check(address, now) {
      if (weightOf(hostOf(address), now) >= burst) {
        throw denial("RATE_LIMITED", "too many attempts to join have failed; wait a minute, then use a new join token");
      }
    },
    failed(address, now) {
      const host = hostOf(address);
      const weight = Math.min(burst, weightOf(host, now) + 1);
      failures.delete(host);
      failures.set(host, { weight, at: now });
      const [oldest] = failures.keys();
      if (failures.size > maximumAddresses && oldest !== undefined) failures.delete(oldest);
    },
  };
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}
