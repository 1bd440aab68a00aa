import { setTimeout as pause } from "node:timers/promises";
import type { Bot, ServiceDefinition } from "@interlock/bot";
import { answerOf, bytesClient } from "@interlock/testing-siege";
import type { Case } from "./cases.js";

/** The answers to the requests of a service: how often each. */
export type Answers = Record<string, number>;

/** Answers that say that something has gone wrong in the server: UNKNOWN, INTERNAL, UNAVAILABLE, DATA_LOSS, a closed connection. */
const faults = new Set(["2", "13", "14", "15", "close"]);

/**
 * Makes each request, one at a time by each of the bots, and gives what went wrong. `check` runs every so often, and rejects when an honest user
 * has noticed.
 */
export async function tryCases(
  bots: readonly Bot[],
  definition: ServiceDefinition,
  address: string,
  cases: readonly Case[],
  {
    check,
    first,
  }: { check(): Promise<void>; readonly first?: ((method: string) => Uint8Array | undefined) | undefined },
): Promise<{ answers: Answers; problems: string[] }> {
  const answers: Answers = {};
  const problems: string[] = [];
  const left = [...cases];
  let made = 0;

  async function work(bot: Bot): Promise<void> {
    const client = bytesClient(bot, definition, address);
    for (let each = left.pop(); each; each = left.pop()) {
      const answer = await answerOf(call(client, each));
      answers[answer] = (answers[answer] ?? 0) + 1;
      const undecodable = answer === "13" && each.name === "cut off";
      if (faults.has(answer) && !undecodable) problems.push(`${each.method}, ${each.name}: answered ${answer}`);
      if (++made % checkEvery === 0) {
        await check().catch((error: Error) => problems.push(`${each.method}, ${each.name}: ${error.message}`));
      }
    }
  }

  function call(client: ReturnType<typeof bytesClient>, { method, kind, bytes }: Case): Promise<unknown> {
    const request = bytes();
    const options = { timeoutMs };
    const open = first?.(method);
    const requests = open ? [open, request] : [request];
    switch (kind) {
      case "unary":
        return client[method]?.(request, options) as Promise<unknown>;
      case "server_streaming":
        return firstOf(client[method]?.(request, options) as AsyncIterable<unknown>);
      case "client_streaming":
        return client[method]?.(stream(requests), options) as Promise<unknown>;
      default:
        return all(client[method]?.(stream(requests), options) as AsyncIterable<unknown>);
    }
  }

  await Promise.all(bots.map(work));
  await check().catch((error: Error) => problems.push(`at the end: ${error.message}`));
  return { answers, problems };
}

const checkEvery = 25;
const timeoutMs = 2_000;

async function* stream(requests: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const request of requests) yield request;
  await pause(50); // Long enough for the answer to what was sent; the end of the stream is an answer of its own.
}

async function firstOf(responses: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of responses) break;
}

async function all(responses: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of responses);
}
