import { setTimeout as sleep } from "node:timers/promises";
import { InterlockError } from "../base/error.js";
import { createObservable, type MutableObservable } from "../base/observable.js";
import { pause } from "../base/pause.js";
import type { Identity } from "../identity/identity.js";
import type { IdentityProvider, ProviderContext } from "./provider.js";
import { type IdentityFiles, type IdentityPaths, readIdentityFiles } from "./read-identity-files.js";

/** Which files, and how they are watched. */
export interface FilesOptions extends IdentityPaths {
  /** How often they are read, in milliseconds: 5,000 unless said. */
  readonly pollMs?: number;
  /** How long to wait for the first of them at the start, in milliseconds: 0 unless said. */
  readonly waitMs?: number;
}

/**
 * An identity in files that something else renews: cert-manager, Vault, the Istio agent, `interlock join --stay`.
 *
 * ```ts
 * identity: fromFiles({ certificate: "/certs/tls.crt", key: "/certs/tls.key", ca: "/certs/ca.crt" })
 * ```
 *
 * They are read again and again, so it does not matter how they are replaced. What is new is taken over only whole and
 * only when it is good: a key that is another certificate's, a leaf that has run out, has another SPIFFE ID or does not
 * lead to the CA, an empty CA file, leave everything as it was; that is logged once, and tried again.
 */
export function fromFiles({ pollMs = 5_000, waitMs = 0, ...paths }: FilesOptions): IdentityProvider {
  return {
    async open(context) {
      const { clock, log } = context;
      const first = await readFirst(paths, context, Math.min(pollMs, 500), waitMs);
      for (const warning of first.warnings) log.warn("identity files", { warning });
      const identity = createObservable(first.identity);
      const roots = createObservable(first.roots);
      const ending = new AbortController();
      void follow();

      async function follow(): Promise<void> {
        let told: string | undefined;
        for (;;) {
          await pause(pollMs, ending.signal);
          if (ending.signal.aborted) return;
          try {
            const files = await readTwice();
            refuseAnother(files.identity, identity.current(), paths.certificate);
            if (ending.signal.aborted) return;
            takeOver(files, identity, roots);
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

      // They may have been replaced between two of the reads.
      async function readTwice(): Promise<IdentityFiles> {
        return readIdentityFiles(paths, clock.now()).catch(async () => {
          await pause(Math.min(pollMs, 200), ending.signal);
          return readIdentityFiles(paths, clock.now());
        });
      }

      return { identity, roots, close: () => ending.abort() };
    },
  };
}

async function readFirst(
  paths: IdentityPaths,
  { clock }: ProviderContext,
  retryMs: number,
  waitMs: number,
): Promise<IdentityFiles> {
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
    await sleep(retryMs); // Nothing else may keep the process alive yet.
  }
}

// Who a bot is holds for its life: others have opened connections to this one.
function refuseAnother({ spiffeId }: Identity, current: Identity, path: string): void {
  if (spiffeId.uri === current.spiffeId.uri) return;
  throw new Error(`${path} is of ${spiffeId.uri}, and this bot is ${current.spiffeId.uri}: start it again`);
}

// The CA first: a new leaf may be of a new one.
function takeOver(
  files: IdentityFiles,
  identity: MutableObservable<Identity>,
  roots: MutableObservable<readonly Uint8Array[]>,
): void {
  if (!sameBytes(files.roots, roots.current())) roots.replace(files.roots);
  const current = identity.current();
  const sameKey = files.identity.privateKey === current.privateKey;
  if (!sameKey || !sameBytes(files.identity.chain, current.chain)) identity.replace(files.identity);
}

function sameBytes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((bytes, i) => Buffer.compare(bytes, b[i] as Uint8Array) === 0);
}
