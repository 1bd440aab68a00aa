import { setTimeout as sleep } from "node:timers/promises";
import { InterlockError } from "../base/error.js";
import { createObservable } from "../base/observable.js";
import { pause } from "../base/pause.js";
import { areSame, type CheckedIdentity, type IdentityNames } from "./check-identity.js";
import type { IdentityProvider, ProviderContext } from "./provider.js";
import { readIdentityFiles } from "./read-identity-files.js";
import { refuseAnother, takeOver } from "./take-over.js";

/** The files of {@link fromFiles}, each by its path and in PEM, and how they are watched. */
export interface FilesOptions {
  /** The leaf, then intermediates: `tls.crt` of cert-manager, `cert-chain.pem` of Istio. */
  readonly certificate: string;
  /** The private key, not encrypted: `tls.key`, `key.pem`. */
  readonly key: string;
  /** The CA certificates to believe: `ca.crt`, `root-cert.pem`. */
  readonly ca: string;
  /** The time between two readings of the files, in milliseconds. Default: 5,000. */
  readonly pollMs?: number;
  /** The time to wait at the start for files that are not there yet, in milliseconds. Default: 0. */
  readonly waitMs?: number;
}

/**
 * Provides an identity from files that another program renews: cert-manager, Vault, the Istio agent,
 * `interlock join --stay`.
 *
 * The files are read repeatedly, so any way of replacing them works. New files are used only as a whole and only when they
 * are good: they are verified as every peer verifies them, and tried in a handshake in memory. Everything stays as it was
 * while the key belongs to another certificate, the leaf has expired, has another SPIFFE ID, is weak or does not lead to the
 * CA, TLS does not load it, or the CA file is empty; that is logged once, and tried again.
 *
 * @param options - The paths of the three files, and how they are watched.
 * @returns A provider for `joinFleet`. Opening it rejects with `FAILED_PRECONDITION` when the files are not valid in time.
 *
 * @example
 * ```ts
 * const identity = fromFiles({ certificate: "/certs/tls.crt", key: "/certs/tls.key", ca: "/certs/ca.crt" });
 * const bot = await joinFleet({ identity, authority: "localhost:7443" });
 * ```
 */
export function fromFiles(options: FilesOptions): IdentityProvider {
  const { certificate, key, ca, pollMs = 5_000, waitMs = 0 } = options;
  const paths: IdentityNames = { certificate, key, ca };
  return {
    async open(context) {
      const { clock, log } = context;
      const first = await readFirst(paths, context, Math.min(pollMs, 500), waitMs);
      warn(first.warnings);
      const identity = createObservable(first.identity);
      const roots = createObservable(first.roots);
      const ending = new AbortController();
      let good: CheckedIdentity = first;
      void follow();

      function warn(warnings: readonly string[]): void {
        for (const warning of warnings) log.warn("identity files", { warning });
      }

      async function follow(): Promise<void> {
        let told: string | undefined;
        for (;;) {
          await pause(pollMs, ending.signal);
          if (ending.signal.aborted) return;
          try {
            const files = await readTwice();
            refuseAnother(files.identity, identity.current(), paths.certificate);
            if (ending.signal.aborted) return;
            if (!areSame(files, good)) warn(files.warnings);
            good = files;
            takeOver(files, { identity, roots });
            if (told !== undefined) log.info("identity files are good again");
            told = undefined;
          } catch (error) {
            const problem = (error as Error).message;
            const expires = new Date(identity.current().leaf.notAfter).toISOString();
            if (problem !== told)
              log.error("identity files not taken over, the last good ones stay", { problem, expires });
            told = problem;
          }
        }
      }

      // The files may have been replaced between two of the reads.
      async function readTwice(): Promise<CheckedIdentity> {
        return readIdentityFiles(paths, clock.now(), good).catch(async () => {
          await pause(Math.min(pollMs, 200), ending.signal);
          return readIdentityFiles(paths, clock.now(), good);
        });
      }

      return { identity, roots, close: () => ending.abort() };
    },
  };
}

async function readFirst(
  paths: IdentityNames,
  { clock }: ProviderContext,
  retryMs: number,
  waitMs: number,
): Promise<CheckedIdentity> {
  const until = performance.now() + waitMs;
  for (;;) {
    try {
      return await readIdentityFiles(paths, clock.now());
    } catch (cause) {
      if (performance.now() >= until) {
        const problem = `There is no identity: ${(cause as Error).message}`;
        const remedy = "Look at what writes these files; if it has just started, give it time with waitMs";
        throw new InterlockError("FAILED_PRECONDITION", `${problem}. ${remedy}.`, { cause });
      }
    }
    await sleep(retryMs); // Not `pause`: nothing else may keep the process alive yet.
  }
}
