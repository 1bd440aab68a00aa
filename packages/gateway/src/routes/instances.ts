/** Where a service is served: an address, and the identity patterns one of which the bot there has to match. */
export interface Target {
  /** `host:port`. */
  readonly address: string;
  readonly servers: readonly string[];
}

/** One bot that serves a service, as far as the gateway knows it. */
export interface Instance extends Target {
  /** The calls that are under way there. */
  calls: number;
  /** How often in a row it could not be reached, or lost its connection. */
  failures: number;
  /** Until when it gets no calls while there are others, in milliseconds of the monotonic clock. */
  ejectedUntil: number;
  /** Whether it can be reached and says that it serves, as the watch of its health has it. */
  serving: boolean;
}

/** How long an instance gets no calls after it has failed, in milliseconds: twice as long after each further failure in a row. */
export const ejection = { firstMs: 500, maximumMs: 30_000 } as const;

/** The most instances of one service. */
export const maximumInstances = 64;

/**
 * The bots that serve one service. A call goes to the less busy one of two that are drawn at random, of those that serve. One that
 * fails is ejected for a while; then one call tries it, and the others follow once it has answered. Where all have failed, they are
 * tried all the same: a bot may have no health service that tells when it is back.
 */
export class Instances {
  #all: readonly Instance[] = [];
  readonly #now: () => number;
  readonly #random: () => number;

  constructor(now: () => number = () => performance.now(), random: () => number = Math.random) {
    this.#now = now;
    this.#random = random;
  }

  get all(): readonly Instance[] {
    return this.#all;
  }

  /** Takes over where the service is served now; what is known of a place stays. The first 64 count. */
  set(targets: readonly Target[]): void {
    const known = new Map(this.#all.map((instance) => [keyOf(instance), instance]));
    const wanted = new Map(targets.slice(0, maximumInstances).map((target) => [keyOf(target), target]));
    this.#all = [...wanted].map(
      ([key, target]) =>
        known.get(key) ?? { ...target, calls: 0, failures: 0, ejectedUntil: Number.NEGATIVE_INFINITY, serving: true },
    );
  }

  /** Forgets the places that are not allowed any more. */
  keep(isAllowed: (target: Target) => boolean): void {
    this.#all = this.#all.filter(isAllowed);
  }

  /** Chooses an instance for a call, none of those that it has tried; `undefined` where there is none. */
  pick(tried: ReadonlySet<Instance> = none): Instance | undefined {
    const now = this.#now();
    let left = this.#all.filter((instance) => !tried.has(instance));
    const good = left.filter(({ serving, ejectedUntil }) => serving && ejectedUntil <= now);
    if (good.length > 0) left = good;
    const one = left[this.#draw(left.length)];
    const other = left[this.#draw(left.length)];
    const chosen = one && other && other.calls < one.calls ? other : one;
    // A bot that was out of reach may hold a call until its deadline: it gets one at a time.
    if (chosen && chosen.failures > 0 && chosen.ejectedUntil <= now) this.#eject(chosen, now);
    return chosen;
  }

  /** Whether there is an instance for a call that has tried some. */
  has(tried: ReadonlySet<Instance>): boolean {
    return this.#all.some((instance) => !tried.has(instance));
  }

  /** Takes note that an instance has answered. */
  answered(instance: Instance): void {
    instance.failures = 0;
    instance.ejectedUntil = Number.NEGATIVE_INFINITY;
  }

  /** Takes note that an instance could not be reached, or that its connection was lost. */
  failed(instance: Instance): void {
    const now = this.#now();
    if (instance.ejectedUntil <= now) this.#eject(instance, now); // Calls that failed together count once.
  }

  /** Takes note that a call has left an instance before it had answered or failed: the next call may try it. */
  released(instance: Instance): void {
    if (instance.failures > 0) instance.ejectedUntil = Math.min(instance.ejectedUntil, this.#now());
  }

  #eject(instance: Instance, now: number): void {
    instance.ejectedUntil = now + Math.min(ejection.firstMs * 2 ** instance.failures, ejection.maximumMs);
    instance.failures++;
  }

  #draw(count: number): number {
    return Math.min(Math.floor(this.#random() * count), count - 1);
  }
}

const none: ReadonlySet<Instance> = new Set();

function keyOf({ address, servers }: Target): string {
  return `${address} ${servers.join(" ")}`;
}
