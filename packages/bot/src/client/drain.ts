import { createBackoff } from "../base/backoff.js";
import { acceptedIn, vouch } from "../token/vouches.js";
import type { Channel } from "./channel.js";
import { checkIn } from "./check-in.js";

/** The channels that take no new calls and have calls under way. Bounded by the streams that are open. */
export interface Drain {
  add(channel: Channel): void;
  /** The calls under way on them. */
  readonly calls: number;
  /** How many there are. */
  readonly size: number;
  /** Looks for channels to vouch for: one may have been added, or have something new in `vouches`. */
  look(): void;
  close(): void;
}

/**
 * Lets channels outlive their certificates while there are streams on them, by vouching for them on the `current` channel,
 * which has the latest certificate; see `vouchFor`. `onRebound` is called for each channel that a server has accepted, and
 * that so has newer certificates. A server of another kind sends no voucher, and ends no stream for its certificate.
 */
export function createDrain(current: () => Channel | undefined, onRebound: (channel: Channel) => void): Drain {
  const draining = new Map<Channel, Channel | undefined>(); // Each with the channel whose certificates it has.
  let busy = false;
  const backoff = createBackoff({ firstMs: 200 });
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function left(): Channel[] {
    for (const channel of draining.keys()) if (channel.calls === 0) draining.delete(channel);
    return [...draining.keys()];
  }

  function look(): void {
    const on = current();
    if (closed || busy || !on) return;
    const waiting = left().filter((channel) => channel.vouches.size > 0 && draining.get(channel) !== on);
    if (waiting.length === 0) return;
    clearTimeout(timer);
    busy = true;
    vouchOn(on, waiting).then(settle, () => settle(false));
  }

  /** Vouches for `waiting`. Resolves with whether all were accepted. */
  async function vouchOn(on: Channel, waiting: readonly Channel[]): Promise<boolean> {
    const answer = await checkIn(on, vouch(waiting.flatMap(({ vouches }) => [...vouches])));
    const accepted = new Set(answer ? acceptedIn(answer) : []);
    const rebound = waiting.filter(
      (channel) => [...channel.vouches].some((value) => accepted.has(value)) && channel.rebind(on),
    );
    for (const channel of rebound) {
      draining.set(channel, on);
      onRebound(channel);
    }
    return rebound.length === waiting.length;
  }

  function settle(all: boolean): void {
    busy = false;
    if (closed) return;
    if (!all) {
      timer = setTimeout(look, backoff.next()).unref();
      return;
    }
    backoff.reset();
    look();
  }

  return {
    add: (channel) => void draining.set(channel, undefined),
    get calls() {
      return left().reduce((total, { calls }) => total + calls, 0);
    },
    get size() {
      return left().length;
    },
    look,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
