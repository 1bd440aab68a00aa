import { setTimeout as sleep } from "node:timers/promises";
import { type Client, InterlockError } from "@interlock/bot";
import type { SoakService } from "../gen/interlock/bench/v1/soak_interlock.js";
import { watchPeriodMs } from "./soak-handlers.js";

/** Counts of calls and streams so far. */
export interface Account {
  /** Unary calls. */
  readonly calls: number;
  /** Streams that lasted from the beginning to the end. */
  readonly longStreams: number;
  /** Streams of a few seconds, one after the other. */
  readonly shortStreams: number;
  /** Messages in all of them. */
  readonly messages: number;
  /** The failures, each with its time. */
  readonly failures: readonly string[];
}

const pingPeriodMs = 50;
const shortStreamMessages = 30;

/** Keeps every client busy until a time (milliseconds since the epoch) with calls, short streams and two long streams. */
export function createConversations(
  clients: readonly Client<typeof SoakService>[],
  until: number,
): { readonly finished: Promise<unknown>; account(): Account } {
  const began = Date.now();
  const failures: string[] = [];
  const count = { calls: 0, longStreams: 0, shortStreams: 0, messages: 0 };
  const left = () => until - Date.now();

  async function attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const { code, reason = "", message } = InterlockError.from(error);
      failures.push(`${((Date.now() - began) / 1_000).toFixed(1)} s, ${what}: ${code} ${reason} ${message}`);
      await sleep(200); // A permanent fault must not become a flood of calls.
    }
  }

  function expect(number: number, expected: number): void {
    if (number !== expected) throw new Error(`the stream brought ${number} instead of ${expected}`);
    count.messages++;
  }

  async function ping(client: Client<typeof SoakService>): Promise<void> {
    for (let number = 0; left() > 0; number++) {
      await attempt("ping", async () => {
        const answer = await client.ping({ number });
        if (answer.number !== number) throw new Error("the answer has another number");
        count.calls++;
      });
      await sleep(pingPeriodMs);
    }
  }

  async function watchLong(client: Client<typeof SoakService>): Promise<void> {
    while (left() > 0) {
      await attempt("long watch", async () => {
        let next = 0;
        for await (const { number } of client.count({ count: Math.ceil(left() / watchPeriodMs) })) {
          expect(number, next++);
          if (left() <= 0) break;
        }
        count.longStreams++;
      });
    }
  }

  async function watchShort(client: Client<typeof SoakService>): Promise<void> {
    while (left() > 0) {
      await attempt("short watch", async () => {
        let next = 0;
        for await (const { number } of client.count({ count: shortStreamMessages })) expect(number, next++);
        if (next !== shortStreamMessages) throw new Error(`it ended after ${next} messages`);
        count.shortStreams++;
      });
    }
  }

  async function converse(client: Client<typeof SoakService>): Promise<void> {
    while (left() > 0) {
      await attempt("conversation", async () => {
        let next = 0;
        for await (const { number } of client.converse(countUp())) expect(number, next++);
        if (left() > 0) throw new Error(`it ended after ${next} messages`);
        count.longStreams++;
      });
    }
  }

  async function* countUp(): AsyncGenerator<{ number: number }, void> {
    for (let number = 0; left() > 0; number++) {
      yield { number };
      await sleep(watchPeriodMs);
    }
  }

  const all = clients.flatMap((client) => [ping(client), watchLong(client), watchShort(client), converse(client)]);
  return { finished: Promise.all(all), account: () => ({ ...count, failures }) };
}
