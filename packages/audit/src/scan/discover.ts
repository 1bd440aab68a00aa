import { type DiscoverOptions, readOptions } from "./discover-options.js";
import { type KnockEvents, knockAll, noRoomName } from "./knock-all.js";
import { knockInThreads } from "./knock-in-threads.js";
import { walk } from "./pairs.js";
import { countPorts } from "./port-ranges.js";
import type { OpenPort, ScanHost } from "./target.js";

export type { DiscoverOptions, Progress } from "./discover-options.js";
export type { OpenPort, PortRange, ScanHost } from "./target.js";

/** The most open ports that wait for the reader. From then on, no attempt starts until it has read. */
const mostWaiting = 1_024;

/**
 * Finds the ports that listen, by connecting to each. A connection is reset at once, and no byte is sent on it. A port that
 * gives no answer is neither open nor closed.
 *
 * @param hosts - The addresses, as `checkReach` has allowed them.
 * @returns The ports, each once, in the order in which they are found. The scan ends when the reader stops.
 * @throws InterlockError `RESOURCE_EXHAUSTED` when this machine has no room for a connection for `patienceMs`; the reason of
 * `signal` when it aborts; what `onProgress` throws; RangeError for an option out of its range.
 */
export async function* discover(
  hosts: readonly ScanHost[],
  options: DiscoverOptions = {},
): AsyncGenerator<OpenPort, void, void> {
  const { onProgress = () => {}, signal } = options;
  const total = hosts.reduce((sum, { ports }) => sum + countPorts(ports), 0);
  const { threads, ...knockOptions } = readOptions(hosts, total, options);
  const stop = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const waiting: OpenPort[] = [];
  let open = 0;
  let ended = false;
  let wake = () => {};
  const events: KnockEvents = {
    open({ host: { host, address }, port }) {
      open++;
      waiting.push({ host, address, port });
      wake();
    },
    count(counts) {
      try {
        onProgress({ ...counts, total, open });
      } catch (thrown) {
        stop.abort(thrown);
      }
    },
    paused: () => waiting.length >= mostWaiting,
  };
  const knocking =
    threads > 1
      ? knockInThreads(threads, hosts, knockOptions, events, stopped)
      : knockAll(walk(hosts), knockOptions, events, stopped);
  const settled = knocking.finally(() => {
    ended = true;
    wake();
  });
  settled.catch(() => {}); // Until it is awaited.
  try {
    while (!ended || waiting.length > 0) {
      for (let port = waiting.shift(); port; port = waiting.shift()) yield port;
      if (ended) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    await settled;
    stop.signal.throwIfAborted(); // The last progress is told when everything has ended.
  } catch (thrown) {
    throw await readable(thrown);
  } finally {
    stop.abort();
    await settled.catch(() => {});
  }
}

/** The library is loaded only for an error, since that takes longer than a scan of a few ports. */
async function readable(thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof Error) || thrown.name !== noRoomName) return thrown;
  // Where this process may open no file, nothing can be loaded either: the error is told as it is.
  const library = await import("@interlock/bot").catch(() => undefined);
  return library ? new library.InterlockError("RESOURCE_EXHAUSTED", thrown.message) : thrown;
}
