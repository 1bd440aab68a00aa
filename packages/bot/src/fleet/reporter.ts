import { randomUUID } from "node:crypto";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import type { Recorder, UsageCount } from "../base/recorder.js";
import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";

const periodMs = 10_000;
const maximumRows = 1_000;

/** The maximum length of a method's name in a report, in characters: what the authority takes. */
const maximumMethodLength = 256;

/** What is served is reported again after so many periods without a report, so that the authority knows that it lives. */
const quietPeriods = 6;

/** Reports to the authority the services that this bot serves, and the calls that it got. */
export interface Reporter {
  /** Adds services that are served at `address`, and reports soon. Returns a function that takes them away again. */
  serving(services: readonly string[], address: string): () => void;
  /** Reports now. What cannot be delivered is kept for the next time: 10,000 rows at most. */
  flush(): Promise<void>;
  /** Reports a last time, and ends. */
  close(): Promise<void>;
}

/** Reports every 10 s, and when the served services change. */
export function createReporter(authority: Client<typeof AuthorityService>, recorder: Recorder, log: Log): Reporter {
  // Tells the processes of one bot apart, so that each of them is in the directory.
  const instance = randomUUID();
  const served = new Set<{ services: readonly string[]; address: string }>();
  let unsent: UsageCount[] = [];
  let changed = false;
  let quiet = 0;
  let flight: Promise<void> = Promise.resolve();
  const timer = setInterval(() => void flush(), periodMs).unref();

  function flush(): Promise<void> {
    flight = flight.then(send);
    return flight;
  }

  async function send(): Promise<void> {
    unsent.push(...recorder.take());
    if (unsent.length === 0 && !changed && (served.size === 0 || ++quiet < quietPeriods)) return;
    quiet = 0;
    const rows = unsent.slice(0, maximumRows);
    const endpoints = [...served].flatMap(({ services, address }) => services.map((service) => ({ service, address })));
    const usage = rows.map(({ method, lastAt, ...row }) => {
      return { ...row, method: method.slice(1, 1 + maximumMethodLength), lastAt: new Date(lastAt) };
    });
    try {
      changed = false;
      await authority.report({ endpoints, usage, instance }, { detached: true, timeoutMs: 5_000 });
      unsent = unsent.slice(rows.length);
    } catch (error) {
      changed = true;
      // What the authority does not take today, it does not take tomorrow either.
      if (InterlockError.from(error).code === "INVALID_ARGUMENT") unsent = unsent.slice(rows.length);
      log.warn("usage not reported", { error: String(error), rows: unsent.length });
      unsent = unsent.slice(-10 * maximumRows);
    }
  }

  return {
    serving(services, address) {
      const entry = { services, address };
      served.add(entry);
      changed = true;
      void flush();
      return () => {
        changed = served.delete(entry) || changed;
      };
    },
    flush,
    close() {
      clearInterval(timer);
      return flush();
    },
  };
}
