// A worker thread of `knock-in-threads.ts`.

import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { knockAll } from "./knock-all.js";
import { walk } from "./pairs.js";
import { places, type ThreadMessage, type ThreadTask } from "./thread-task.js";

// Nobody reads the stacks of tens of thousands of refused connections.
Error.stackTraceLimit = 0;

const { hosts, options, thread, shared } = workerData as ThreadTask;
const tell = (message: ThreadMessage) => (parentPort as MessagePort).postMessage(message);

Atomics.store(shared, places.begun + thread, 1);
await knockAll(
  walk(hosts, shared),
  options,
  {
    open: ({ host, port }) => tell({ host: hosts.indexOf(host), port }),
    count: tell,
    paused: () => Atomics.load(shared, places.paused) === 1,
  },
  new AbortController().signal,
);
