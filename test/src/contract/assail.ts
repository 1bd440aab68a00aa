import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { certificatesToPem } from "@interlock/bot";
import { rawCall, rawSession, shows } from "@interlock/bot/testing";
import { type EchoStage, open } from "./echo-stage.js";
import type { Assault, Outcome } from "./flood-attacker.js";

export const megabyte = 1024 * 1024;
/** The memory that a server may keep after a flood: caches, compiled code. */
const flatBytes = 16 * megabyte;
/** How long a server has to let go of what a flood has left, in milliseconds. */
const settleMs = 3_000;

/** Runs an attack, and throws if the server's memory has grown. */
export async function flat<T>(attack: () => Promise<T>): Promise<T> {
  const before = usedBytes();
  const result = await attack();
  // What the attacker's connection holds goes with it, up to a second after the attack.
  const until = performance.now() + settleMs;
  let grown = usedBytes() - before;
  while (grown > flatBytes && performance.now() < until) {
    await wait(50);
    grown = usedBytes() - before;
  }
  if (grown > flatBytes) throw new Error(`the server has grown by ${Math.round(grown / megabyte)} MB`);
  return result;
}

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

function usedBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Makes an attack from a thread of its own, on the stage's server or what stands in front of it. */
export async function assail(
  { server, caller }: EchoStage,
  kind: Assault["kind"],
  port = server.port,
): Promise<Outcome> {
  const assault: Assault = {
    kind,
    port,
    path: open.path,
    key: caller.privateKey,
    cert: certificatesToPem(caller.chain),
  };
  const worker = new Worker(new URL("flood-attacker.js", import.meta.url), { workerData: assault });
  const gone = once(worker, "exit").then(() => {
    throw new Error("the attacker gave up");
  });
  gone.catch(() => {});
  const [outcome] = (await Promise.race([once(worker, "message"), gone])) as [Outcome];
  await worker.terminate();
  return outcome;
}

/** Measures the durations of another bot's calls, one after the other, in milliseconds. */
export async function latencies({ fleet, server }: EchoStage, port = server.port): Promise<number[]> {
  const session = rawSession(port, shows(await fleet.ca.issue("spiffe://test/other/1")));
  const times: number[] = [];
  for (let i = 0; i < 150; i++) {
    const began = performance.now();
    const { status } = await rawCall(session, open.path);
    if (status !== 0) throw new Error(`another bot was answered ${status}`);
    times.push(performance.now() - began);
  }
  session.destroy();
  return times;
}

export function p99(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] as number;
}
