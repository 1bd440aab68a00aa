import { createHash, randomUUID } from "node:crypto";
import { maximumManifestBytes, type ServiceDefinition, servedManifest } from "@interlock/policy";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import type { Recorder, UsageCount } from "../base/recorder.js";
import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import type { AuthorityContact } from "../trust/authority-contact.js";

const periodMs = 10_000;
const maximumRows = 1_000;

/** The maximum number of rows that wait for an authority that is away. */
const maximumUnsent = 10_000;

/** The maximum size of the rows in one report, in bytes: the authority takes 1 MiB, and there is more in it. */
const maximumRowBytes = 524_288;

/** The maximum length of a method's name in a report, in characters: what the authority takes. */
const maximumMethodLength = 256;

/** A process reports again after so many periods without a report, so that the authority knows that it lives. */
const quietPeriods = 3;

/** Reports to the authority that this process lives, the services that it serves, and the calls that it got. */
export interface Reporter {
  /** Adds services that are served at `address`, and reports soon. Returns a function that takes them away again, likewise. */
  serving(services: readonly ServiceDefinition[], address: string): () => void;
  /** Reports now. What cannot be delivered is kept for the next time: 10,000 rows at most. */
  flush(): Promise<void>;
  /** Reports what is left, 10,000 rows at most, and ends. */
  close(): Promise<void>;
}

/** What a reporter needs. */
export interface ReporterOptions {
  readonly authority: Pick<Client<typeof AuthorityService>, "report">;
  readonly recorder: Recorder;
  readonly contact: AuthorityContact;
  /** The version of the bot's program; empty for none. */
  readonly version: string;
  readonly log: Log;
}

interface ServedAt {
  readonly services: readonly ServiceDefinition[];
  readonly address: string;
}

/** What a bot serves, as JSON; empty for nothing. */
interface Manifest {
  readonly json: string;
  /** SHA-256 of the JSON, hex; empty for nothing. */
  readonly hash: string;
}

const noManifest: Manifest = { json: "", hash: "" };

/**
 * Reports every 10 s what has been counted, when the served services change, and as soon as the authority is reached again;
 * without any of these every 30 s. A process that ends before its first report is not reported at all.
 */
export function createReporter({ authority, recorder, contact, version, log }: ReporterOptions): Reporter {
  // Tells the processes of one bot apart, so that each of them is in the directory.
  const instance = randomUUID();
  const startedAt = new Date(Date.now() - process.uptime() * 1_000);
  const served = new Set<ServedAt>();
  let manifest = noManifest;
  let unsent: UsageCount[] = [];
  // Since when every call has been counted. No call can be served before the process starts.
  let countedSince = startedAt;
  let changed = false;
  let introduced = false;
  let closing = false;
  let quiet = 0;
  let flight: Promise<void> = Promise.resolve();
  const timer = setInterval(() => void flush(), periodMs).unref();
  const stopWatching = contact.onChange((away) => {
    if (!away) void flush();
  });

  function flush(): Promise<void> {
    flight = flight.then(send);
    return flight;
  }

  async function send(): Promise<void> {
    collect();
    const isDue = closing ? introduced : ++quiet >= quietPeriods;
    if (unsent.length === 0 && !changed && !isDue) return;
    quiet = 0;
    const rows = unsent.slice(0, fitting(unsent));
    const isLast = closing && rows.length === unsent.length;
    try {
      changed = false;
      const { manifestWanted } = await report(rows.map(toWire), "", isLast);
      introduced = !isLast;
      unsent = unsent.slice(rows.length);
      if (manifestWanted) await report([], manifest.json, isLast);
    } catch (error) {
      changed = true;
      // What the authority does not take today, it does not take tomorrow either.
      if (InterlockError.from(error).code === "INVALID_ARGUMENT") drop(rows.length);
      if (!contact.missed(error)) log.warn("usage not reported", { error: String(error), rows: unsent.length });
    }
  }

  function collect(): void {
    for (const row of recorder.take()) {
      unsent.push(row);
      // Its name is cut, so it may be counted as another one.
      if (row.denial === "" && row.method.length > 1 + maximumMethodLength) countedSince = new Date();
    }
    if (unsent.length > maximumUnsent) drop(unsent.length - maximumUnsent);
  }

  /** Drops the oldest rows: from now on, the counts are complete again. */
  function drop(count: number): void {
    if (count > 0) countedSince = new Date();
    unsent = unsent.slice(count);
  }

  function report(
    usage: readonly object[],
    json: string,
    stopping: boolean,
  ): Promise<{ readonly manifestWanted: boolean }> {
    const endpoints = [...served].flatMap(({ services, address }) =>
      services.map(({ name }) => ({ service: name, address })),
    );
    const state = { endpoints, usage, instance, startedAt, countedSince, version, manifestHash: manifest.hash };
    return authority.report({ ...state, manifest: json, stopping }, { detached: true, timeoutMs: 5_000 });
  }

  function changeServed(): void {
    changed = true;
    manifest = manifestOf([...served].flatMap(({ services }) => services));
    if (Buffer.byteLength(manifest.json) <= maximumManifestBytes) return;
    log.warn("manifest not reported: it is too large", { bytes: Buffer.byteLength(manifest.json) });
    manifest = noManifest;
  }

  return {
    serving(services, address) {
      const entry = { services, address };
      served.add(entry);
      changeServed();
      void flush();
      return () => {
        if (!served.delete(entry)) return;
        changeServed();
        void flush();
      };
    },
    flush,
    async close() {
      clearInterval(timer);
      closing = true;
      stopWatching();
      await flush();
      // More than fits into one report; as long as the authority takes it.
      for (let left = Number.POSITIVE_INFINITY; unsent.length > 0 && unsent.length < left; ) {
        left = unsent.length;
        await flush();
      }
    },
  };
}

/** Returns how many of the rows fit into one report, at least one. */
function fitting(rows: readonly UsageCount[]): number {
  let bytes = 0;
  for (let i = 0; i < Math.min(rows.length, maximumRows); i++) {
    bytes += sizeOf(rows[i] as UsageCount);
    if (bytes > maximumRowBytes) return Math.max(i, 1);
  }
  return Math.min(rows.length, maximumRows);
}

/** The size of a row on the wire, in bytes, or somewhat above it. */
function sizeOf({ method, caller, actors, denial }: UsageCount): number {
  const text = Buffer.byteLength(method.slice(0, 1 + maximumMethodLength)) + caller.length + denial.length;
  return actors.reduce((sum, actor) => sum + actor.length + 3, text) + 64;
}

function toWire({ method, firstAt, lastAt, ...row }: UsageCount) {
  return {
    ...row,
    method: method.slice(1, 1 + maximumMethodLength),
    firstAt: new Date(firstAt),
    lastAt: new Date(lastAt),
  };
}

function manifestOf(services: readonly ServiceDefinition[]): Manifest {
  if (services.length === 0) return noManifest;
  const json = JSON.stringify(servedManifest(services));
  return { json, hash: createHash("sha256").update(json).digest("hex") };
}
