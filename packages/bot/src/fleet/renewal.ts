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
import type { AuthorityContact } from "../trust/authority-contact.js";
import { isBelowActive } from "../trust/root-of.js";
import type { Trust } from "../trust/trust.js";
import { createExpiryNotice } from "./expiry-notice.js";

/** The options of {@link keepRenewed}. */
export interface RenewalOptions {
  readonly authority: Client<typeof AuthorityService>;
  readonly contact: AuthorityContact;
  readonly identity: MutableObservable<Identity>;
  readonly folder: IdentityFolder;
  readonly trust: Pick<Trust, "state" | "onChange">;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Exchanges an identity whose certificate has expired for the next one, over a connection without it. */
  readonly recover: (expired: Identity) => Promise<Identity>;
}

/** The time for one attempt to renew, in milliseconds; well below `staleLockMs`. */
const timeoutMs = 10_000;

/** The longest wait before the time is looked at again, in milliseconds. */
const longestPauseMs = 30_000;

/** The part of a certificate's life over which a fleet's renewals are spread when the CA has changed. */
const spread = 0.1;

/**
 * Renews the certificate at half its life, ±10 %, with a new key each time, until `signal` aborts; and soon after the trust
 * names another CA as the one that signs. The new certificate is on the disk before it is used: after its first use, the
 * authority treats a renewal over the old one as a clone's.
 *
 * Once the certificate has expired, because the authority was away for too long, it is recovered instead. While that fails,
 * each different reason is logged once, as an error.
 */
export async function keepRenewed(options: RenewalOptions): Promise<void> {
  const { authority, contact, identity, folder, trust, clock, log, signal } = options;
  const expiry = createExpiryNotice(log);
  const whenAway = createBackoff({ firstMs: 400 });
  const whenRefused = createBackoff({ firstMs: 400, maximumMs: 15_000 });
  let since = identity.current().leaf.notBefore;
  let due = renewalTime(identity.current(), since);
  let wake = new AbortController();

  function hurry(): void {
    const { chain, leaf } = identity.current();
    if (isBelowActive(chain, trust.state)) return;
    due = Math.min(due, clock.now() + (leaf.notAfter - since) * spread * Math.random());
    wake.abort();
  }
  let activeCa = trust.state.activeCa;
  const unsubscribe = trust.onChange(({ state, caChanged }) => {
    if (!caChanged && state.activeCa === activeCa) return; // Most updates revoke something, and reading certificates is dear.
    activeCa = state.activeCa;
    hurry();
  });
  signal.addEventListener("abort", unsubscribe, { once: true });
  hurry();

  while (!signal.aborted) {
    wake = new AbortController();
    // In steps, because the time of day may step, too.
    await pause(Math.min(longestPauseMs, Math.max(0, due - clock.now())), AbortSignal.any([signal, wake.signal]));
    if (signal.aborted) return;
    if (clock.now() < due) continue;
    try {
      const next = await folder.exclusively(() => nextIdentity(options), { signal, log });
      since = clock.now();
      due = renewalTime(next, since);
      identity.replace(next);
      whenAway.reset();
      whenRefused.reset();
      expiry.over(next);
      await confirm(authority, log);
    } catch (error) {
      if (signal.aborted) return;
      const away = contact.missed(error);
      const { leaf } = identity.current();
      if (hasExpired(identity.current(), clock)) {
        await pause(expiry.failed(identity.current(), error), signal);
      } else {
        if (!away) log.warn("certificate not renewed", { error: String(error), expires: leaf.notAfter });
        const waitMs = (away ? whenAway : whenRefused).next();
        // Not beyond the end of the certificate: what follows then is another attempt.
        await pause(Math.min(waitMs, leaf.notAfter - clock.now()), signal);
      }
    }
  }
}

async function nextIdentity({ authority, identity, folder, clock, recover }: RenewalOptions): Promise<Identity> {
  const current = identity.current();
  const renewed = await takeOver(folder, current);
  if (renewed) return renewed;
  const next = hasExpired(current, clock) ? await recover(current) : await renew(authority, current);
  await folder.save(next);
  return next;
}

function hasExpired({ leaf }: Identity, clock: Clock): boolean {
  return clock.now() >= leaf.notAfter;
}

/** Uses the new certificate. If this fails, the next call to the authority confirms it just as well. */
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
