import type { ListWorkersResponse, Worker } from "../gen/interlock/swarm/v1/swarm.js";
import { pageBytes } from "./limits.js";

/** The workers behind the one called `pageToken`, by name, as many as fit into one page. */
export function workerPage(byName: readonly Worker[], pageToken: string): ListWorkersResponse {
  const workers: Worker[] = [];
  let weight = 0;
  for (const worker of byName) {
    if (worker.name <= pageToken) continue;
    weight += workerBytes(worker);
    const last = workers.at(-1);
    if (last && weight > pageBytes) return { workers, nextPageToken: last.name };
    workers.push(worker);
  }
  return { workers, nextPageToken: "" };
}

/** How many bytes a worker has at most in a message. */
function workerBytes({ name, capabilities, taskIds }: Worker): number {
  let characters = name.length;
  for (const text of capabilities) characters += text.length + 2;
  for (const text of taskIds) characters += text.length + 2;
  return 128 + 3 * characters;
}
