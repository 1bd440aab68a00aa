import { createBackoff } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import type { MutableObservable } from "../base/observable.js";
import { pause } from "../base/pause.js";
import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import { createIdentity, type Identity } from "../identity/identity.js";
import type { IdentityFolder } from "../identity/identity-folder.js";
import { createCsr, createKeyPair } from "../identity/key-pair.js";
import { isBelowActive } from "../trust/root-of.js";
import type { Trust } from "../trust/trust.js";

/** The options of {@link keepRenewed}. */
export interface RenewalOptions {
  readonly authority: Client<typeof AuthorityService>;
  readonly identity: MutableObservable<Identity>;
  readonly folder: IdentityFolder;
  readonly trust: Pick<Trust, "state" | "onChange">;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The time for one attempt to renew, in milliseconds; well below `staleLockMs`. */
const timeoutMs = 10_000;

/** The part of a certificate's life over which a fleet's renewals are spread when the CA has changed. */
const spread = 0.1;

/**
 * Renews the certificate at half its life, ±10 %, with a new key each time, until `signal` aborts; and soon after the trust
 * names another CA as the one that signs. The new certificate is on the disk before it is used: from its first use on, the
 * authority takes a renewal over the old one for a clone's.
 */
export async function keepRenewed(options: RenewalOptions): Promise<void> {
  const { authority, identity, folder, trust, clock, log, signal } = options;
  const backoff = createBackoff({ firstMs: 400, maximumMs: 15_000 });
  let since = identity.current().leaf.notBefore;
  let due = renewalTime(identity.current(), since);
  let wake = new AbortController();

  function hurry(): void {
    const { chain, leaf } = identity.current();
    if (isBelowActive(chain, trust.state)) return;
    due = Math.min(due, clock.now() + (leaf.notAfter - since) * spread * Math.random());
    wake.abort();
  }
  const unsubscribe = trust.onChange(hurry);
  signal.addEventListener("abort", unsubscribe, { once: true });
  hurry();

  while (!signal.aborted) {
    wake = new AbortController();
    await pause(Math.max(0, due - clock.now()), AbortSignal.any([signal, wake.signal]));
    if (signal.aborted) return;
    if (clock.now() < due) continue;
    try {
      const next = await folder.exclusively(() => nextIdentity(authority, folder, identity.current()));
      since = clock.now();
      due = renewalTime(next, since);
      identity.replace(next);
      backoff.reset();
      await confirm(authority, log);
    } catch (error) {
      log.warn("certificate not renewed", { error: String(error), expires: identity.current().leaf.notAfter });
      await pause(backoff.next(), signal);
    }
  }
}

async function nextIdentity(
  authority: Client<typeof AuthorityService>,
  folder: IdentityFolder,
  current: Identity,
): Promise<Identity> {
  const renewed = await takeOver(folder, current);
  if (renewed) return renewed;
  const next = await renew(authority, current);
  await folder.save(next);
  return next;
}

/** Uses the new certificate. Where this fails, the next call to the authority confirms it just as well. */
async function confirm(authority: Client<typeof AuthorityService>, log: Log): Promise<void> {
  await authority.confirm({}, { detached: true, timeoutMs }).catch((error) => {
    log.warn("certificate not confirmed", { error: String(error) });
  });
}

/** The identity that another process of the same bot has renewed meanwhile, if there is one. */
async function takeOver(folder: IdentityFolder, current: Identity): Promise<Identity | undefined> {
  const saved = await folder.load();
  if (!saved || saved.leaf.serial === current.leaf.serial) return undefined;
  // Times in certificates are whole seconds, so two certificates of one second may end at the same time.
  return saved.leaf.notAfter >= current.leaf.notAfter ? saved : undefined;
}

async function renew(authority: Client<typeof AuthorityService>, current: Identity): Promise<Identity> {
  const keys = await createKeyPair();
  const csr = await createCsr(keys, current.spiffeId.uri);
  const { certificate } = await authority.renew({ csr }, { detached: true, timeoutMs });
  return createIdentity(keys.privateKeyPem, certificate?.chain ?? []);
}

/**
 * The time to renew, in milliseconds since the epoch: halfway, ±10 %, between `since` and the end. `notBefore` is not used
 * for `since`: it lies before the issue, for late clocks, and that can be most of the life of a short certificate.
 */
export function renewalTime({ leaf: { notAfter } }: Pick<Identity, "leaf">, since: number): number {
  return since + (notAfter - since) * (0.4 + Math.random() * 0.2);
}
