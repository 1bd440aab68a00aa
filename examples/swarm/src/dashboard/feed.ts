import { type Clock, type Init, systemClock, type Unsubscribe } from "@interlock/bot";
import { FeedEvent } from "../gen/warehouse/v1/feed.js";
import { createListeners } from "../listeners.js";

type Event = NonNullable<FeedEvent["event"]>;

/** An event to publish: `{ act: { … } }`, `{ denial: { … } }`, `{ credential: { … } }`, `{ note: { … } }`, `{ outcome: { … } }`. */
export type Telling = { [E in Event as E["$case"]]: { readonly [K in E["$case"]]: Init<E["value"]> } }[Event["$case"]];

/** The events of the story, compacted so that a late watcher gets the current state. Bounded, however long the story is. */
export interface Feed {
  /**
   * Publishes an event. An event for a known act, or for the credentials of a known bot, replaces the earlier one; fields
   * that it leaves out stay. Similar denials in quick succession become one, with a count.
   */
  publish(telling: Telling, at?: number): void;
  /** The events after `after`, oldest first. A number that this feed has not given yet means all events. */
  since(after: bigint): readonly FeedEvent[];
  onChange(listener: () => void): Unsubscribe;
}

const maximumDenials = 200;
const alikeWithinMs = 1_000;

/**
 * Creates an empty feed.
 *
 * ```ts
 * const feed = createFeed();
 * feed.publish({ act: { act: "zombie", title: "A worker sleeps too long", expected: "LEASE_STALE", state: ActState.ACT_STATE_RUNNING } });
 * feed.publish({ act: { act: "zombie", state: ActState.ACT_STATE_ENDED, seen: "LEASE_STALE", ms: 3_120, ok: true } });
 * feed.publish({ denial: { attacker: "the visitor's laptop", caller: "visitor/1", method, code, reason } }, denial.at);
 * ```
 */
export function createFeed(clock: Clock = systemClock): Feed {
  // In the order of their sequence: an updated event moves to the end.
  const latest = new Map<string, FeedEvent>();
  const denials = new Map<string, string>();
  const changes = createListeners<void>();
  let sequence = 0n;

  /** The key under which a later event replaces this one. */
  function keyOf(event: Event, at: number): string {
    if (event.$case === "act") return `act ${event.value.act}`;
    if (event.$case === "credential") return `credential ${event.value.bot}`;
    return event.$case === "denial" ? denialKey(event.value, at) : event.$case;
  }

  function denialKey({ attacker, caller, method, reason }: (Event & { $case: "denial" })["value"], at: number): string {
    const kind = JSON.stringify([attacker, caller, method, reason]);
    const key = denials.get(kind);
    const before = key === undefined ? undefined : latest.get(key);
    if (key !== undefined && before?.at && at - before.at.getTime() < alikeWithinMs) return key;
    denials.set(kind, `denial ${sequence}`);
    return `denial ${sequence}`;
  }

  function forget(): void {
    if (denials.size > maximumDenials) denials.delete(denials.keys().next().value as string);
    const keys = [...latest.keys()].filter((key) => key.startsWith("denial "));
    for (const key of keys.slice(0, -maximumDenials)) latest.delete(key);
  }

  return {
    publish(telling, at = clock.now()) {
      sequence++;
      const [[$case, value]] = Object.entries(telling) as [[Event["$case"], object]];
      const { event } = FeedEvent.fromPartial({ event: { $case, value } } as Init<FeedEvent>);
      const key = keyOf(event as Event, at);
      const told = merge(latest.get(key)?.event, event as Event, value, sequence);
      latest.delete(key);
      latest.set(key, { sequence, at: new Date(at), event: told });
      if (told.$case === "denial") forget();
      changes.tell();
    },
    since(after) {
      const from = after > sequence ? 0n : after;
      const later: FeedEvent[] = [];
      // Usually only the last few are new.
      for (const event of [...latest.values()].reverse()) {
        if (event.sequence <= from) break;
        later.unshift(event);
      }
      return later;
    },
    onChange: changes.add,
  };
}

/** The current event: the fields of `said`, over those of the earlier event. */
function merge(before: Event | undefined, event: Event, said: object, sequence: bigint): Event {
  if (event.$case === "denial") {
    const { count = 0, id = sequence } = before?.$case === "denial" ? before.value : {};
    return { $case: "denial", value: { ...event.value, id, count: count + (event.value.count || 1) } };
  }
  if (before?.$case !== event.$case) return event;
  return FeedEvent.fromPartial({
    event: { $case: event.$case, value: { ...before.value, ...said } },
  } as Init<FeedEvent>).event as Event;
}
