import { Worker } from "node:worker_threads";
import { type Counts, type KnockEvents, type KnockOptions, knockAll } from "./knock-all.js";
import { walk } from "./pairs.js";
import type { ScanHost } from "./target.js";
import { places, type ThreadMessage, type ThreadTask } from "./thread-task.js";

/** The same as `knockAll`, in this thread and others, which share the pairs and the number of attempts at a time. */
export async function knockInThreads(
  threads: number,
  hosts: readonly ScanHost[],
  options: KnockOptions,
  events: KnockEvents,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const shared = new Int32Array(new SharedArrayBuffer(4 * (places.begun + threads)));
  const concurrency = Math.max(1, Math.floor(options.concurrency / threads));
  const task = { hosts, options: { ...options, concurrency }, shared };
  const counts: Counts[] = [];
  const countOf = (thread: number) => (count: Counts) => {
    counts[thread] = count;
    events.count(counts.reduce(add, none));
  };
  const workers = Array.from({ length: threads - 1 }, (_, i) =>
    startThread({ ...task, thread: i + 1 }, { open: events.open, count: countOf(i + 1) }),
  );
  const pausing = setInterval(() => Atomics.store(shared, places.paused, Number(events.paused())), 10);
  // One that fails ends the others.
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const own = knockAll(walk(hosts, shared), task.options, { ...events, count: countOf(0) }, stopped);
  const all = [own, ...workers.map(({ ended }) => ended)];
  try {
    const aborted = new Promise<never>((_, reject) => {
      stopped.addEventListener("abort", () => reject(stopped.reason));
    });
    await Promise.race([Promise.all(all), aborted]);
  } finally {
    clearInterval(pausing);
    stop.abort();
    await Promise.allSettled([own, ...workers.map(({ worker }) => worker.terminate())]);
  }
}

interface Thread {
  readonly worker: Worker;
  /** Rejects when the thread fails after it has begun. One that cannot begin, for want of memory or files, has taken no pair. */
  readonly ended: Promise<void>;
}

function startThread(task: ThreadTask, events: Pick<KnockEvents, "open" | "count">): Thread {
  const worker = new Worker(new URL("./knock-thread.js", import.meta.url), { workerData: task });
  const hasBegun = () => Atomics.load(task.shared, places.begun + task.thread) === 1;
  const ended = new Promise<void>((resolve, reject) => {
    worker.on("message", (message: ThreadMessage) => {
      if ("done" in message) events.count(message);
      else {
        const host = task.hosts[message.host];
        if (host) events.open({ host, port: message.port });
      }
    });
    worker.on("error", (error) => (hasBegun() ? reject(error) : resolve()));
    worker.on("exit", (code) => {
      if (code === 0 || !hasBegun()) resolve();
      else reject(new Error(`a thread of the scan ended (${code})`));
    });
  });
  return { worker, ended };
}

const none: Counts = { done: 0, silent: 0 };

function add(a: Counts, b: Counts | undefined): Counts {
  return { done: a.done + (b?.done ?? 0), silent: a.silent + (b?.silent ?? 0) };
}
