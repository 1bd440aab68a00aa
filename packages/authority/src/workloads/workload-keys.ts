import { readFile } from "node:fs/promises";
import type { Clock, InterlockError, Log } from "@interlock/bot";
import {
  askForJson,
  denial,
  type HttpsAnswer,
  httpsUrl,
  issuerFailure,
  readKeys,
  workloadAlgorithms,
} from "@interlock/bot/internal";
import type { JSONWebKeySet } from "jose";
import type { WorkloadIssuer } from "./join-rules.js";

/** The keys of one issuer of workloads' tokens. */
export interface WorkloadKeys {
  /**
   * Returns the keys. It reads them again when they are {@link freshMs} old, and when they have no key `kid`, at most every
   * {@link restMs}. The last good keys stay in force for {@link staleMs} while the issuer is away.
   *
   * @throws `ISSUER_UNREACHABLE` or `ISSUER_UNUSABLE` when there are none.
   */
  forKey(kid: string): Promise<JSONWebKeySet>;
  /** Reads the keys of a file now, so that a wrong path is noticed at the start. Reads nothing from a URL. */
  checkFile(): Promise<void>;
}

/** The age at which keys are read again, in milliseconds. */
export const freshMs = 300_000;
/** The time between two readings that tokens cause, in milliseconds, so that a stranger's tokens cost the issuer little. */
export const restMs = 10_000;
/** The age past which keys are not used, in milliseconds. */
export const staleMs = 3_600_000;

/** Keeps the keys of an issuer, in memory: those of one set of at most 256 KiB and 100 keys. */
export function createWorkloadKeys(issuer: WorkloadIssuer, clock: Clock, log: Log): WorkloadKeys {
  let known: { readonly jwks: JSONWebKeySet; readonly at: number } | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let reading: Promise<void> | undefined;

  async function readNow(): Promise<void> {
    triedAt = clock.now();
    try {
      const answer = issuer.keys.includes("://") ? await fetchKeys(issuer) : await fileKeys(issuer.keys);
      known = { jwks: readKeys(answer, workloadAlgorithms), at: clock.now() };
      failure = undefined;
    } catch (error) {
      failure = error;
      log.warn("keys of a workload issuer not read", { issuer: issuer.issuer, error: String(error) });
    }
  }

  // One reading at a time, however many tokens wait for it.
  function readOnce(): Promise<void> {
    reading ??= readNow().finally(() => (reading = undefined));
    return reading;
  }

  return {
    async forKey(kid) {
      const now = clock.now();
      const due = known === undefined || now - known.at >= freshMs || !known.jwks.keys.some((key) => key.kid === kid);
      if (reading || (due && Math.abs(now - triedAt) >= restMs)) await readOnce();
      if (known && now - known.at < staleMs) return known.jwks;
      throw failureFor(issuer.issuer, failure);
    },
    async checkFile() {
      if (issuer.keys.includes("://")) return;
      await readOnce();
      if (failure) throw denial("ISSUER_UNUSABLE", `${issuer.keys} has no keys of ${issuer.issuer}`, {}, failure);
    },
  };
}

/** What a workload is told: not the names of this machine's files. */
function failureFor(issuer: string, failure: unknown): InterlockError {
  const ofFile = (failure as { readonly path?: unknown } | undefined)?.path !== undefined;
  const cause =
    ofFile || failure === undefined ? new Error("its keys cannot be read; see the log of the authority") : failure;
  return issuerFailure(issuer, cause);
}

async function fetchKeys({ keys, caFile, tokenFile }: WorkloadIssuer): Promise<HttpsAnswer> {
  const ca = caFile === undefined ? undefined : await readFile(caFile, "utf8");
  const bearer = tokenFile === undefined ? undefined : (await readFile(tokenFile, "utf8")).trim();
  return askForJson({ url: httpsUrl(keys), tls: ca === undefined ? undefined : { ca }, bearer });
}

async function fileKeys(path: string): Promise<HttpsAnswer> {
  return { status: 200, body: JSON.parse(await readFile(path, "utf8")) };
}
