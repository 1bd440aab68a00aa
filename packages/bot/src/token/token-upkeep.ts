import { setAlarm } from "../base/alarm.js";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Identity, IdentitySource } from "../identity/identity.js";

/** The scopes of methods of a service that are called, whose token is kept renewed without further calls. */
export interface TokenUse {
  readonly audience: string;
  readonly scopes: readonly string[];
  /** When a call last needed the token, in milliseconds since the epoch. */
  usedAt: number;
}

/** The options of {@link createTokenUpkeep}. */
export interface TokenUpkeepOptions {
  /** The identity whose tokens are kept. When it changes, all are fetched again. */
  readonly identity: IdentitySource;
  readonly clock: Clock;
  /** Makes sure that there is a token, and gives the time to call again, in milliseconds since the epoch. */
  renew(use: TokenUse, identity: Identity): Promise<number>;
  /** Gives a number from 0 to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/** Keeps tokens renewed in the background, so that one used now and then outlives an outage of its issuer as well. */
export interface TokenUpkeep {
  /** Notes that a call needs a token, and keeps it from now on. */
  note(audience: string, scopes: readonly string[]): TokenUse;
  close(): void;
}

/** The number of tokens that are kept; of more, those used last. */
export const keptTokens = 64;

/** A token that no call has needed for so long is not kept any longer: its next call fetches another. */
export const keptUnusedMs = 24 * 3_600_000;

/** The longest wait before a renewal that failed is tried again, in milliseconds; half of it at the least. */
const retryMs = 2_000;

/** The shortest time between two renewals of one token, in milliseconds: an issuer may give one that has expired already. */
const leastMs = 250;

/** Creates the upkeep. The work is bounded: {@link keptTokens} renewals in each interval that `renew` gives. */
export function createTokenUpkeep({ identity, clock, renew, random = Math.random }: TokenUpkeepOptions): TokenUpkeep {
  const uses = new Map<string, TokenUse>();
  const alarms = new Map<TokenUse, () => void>();

  function wakeAt(use: TokenUse, at: number): void {
    alarms.get(use)?.();
    alarms.set(
      use,
      setAlarm(clock, at, () => void look(use)),
    );
  }

  function drop(use: TokenUse): void {
    alarms.get(use)?.();
    alarms.delete(use);
    uses.delete(keyOf(use.audience, use.scopes));
  }

  async function look(use: TokenUse): Promise<void> {
    if (clock.now() - use.usedAt > keptUnusedMs) return drop(use);
    try {
      const at = await renew(use, identity.current());
      if (alarms.has(use)) wakeAt(use, Math.max(at, clock.now() + leastMs));
    } catch (error) {
      if (!alarms.has(use)) return;
      // A refusal stays one until an operator acts. The next call asks again.
      if (isTemporary(error)) wakeAt(use, clock.now() + retryMs * (1 - random() / 2));
      else drop(use);
    }
  }

  function makeRoom(): void {
    const [oldest] = [...uses.values()].sort((a, b) => a.usedAt - b.usedAt);
    if (oldest && uses.size >= keptTokens) drop(oldest);
  }

  const unsubscribe = identity.onChange(() => {
    for (const use of uses.values()) wakeAt(use, clock.now());
  });

  return {
    note(audience, scopes) {
      const key = keyOf(audience, scopes);
      const known = uses.get(key);
      if (known) {
        known.usedAt = clock.now();
        return known;
      }
      makeRoom();
      const use = { audience, scopes, usedAt: clock.now() };
      uses.set(key, use);
      wakeAt(use, clock.now());
      return use;
    },
    close() {
      unsubscribe();
      for (const use of [...uses.values()]) drop(use);
    },
  };
}

function keyOf(audience: string, scopes: readonly string[]): string {
  return `${audience} ${scopes.join(" ")}`;
}

function isTemporary(error: unknown): boolean {
  const { code } = InterlockError.from(error);
  return code === "UNAVAILABLE" || code === "DEADLINE_EXCEEDED" || code === "RESOURCE_EXHAUSTED";
}
