import { createBackoff } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import { pause } from "../base/pause.js";
import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import { createIdentity, type Identity } from "../identity/identity.js";
import type { IdentityFolder } from "../identity/identity-folder.js";
import type { MutableIdentity } from "../identity/identity-holder.js";
import { createCsr, createKeyPair } from "../identity/key-pair.js";
import { isBelowActive } from "../trust/root-of.js";
import type { Trust } from "../trust/trust.js";

/** What the renewal of an identity stands on. */
export interface RenewalOptions {
  readonly authority: Client<typeof AuthorityService>;
  readonly identity: MutableIdentity;
  readonly folder: IdentityFolder;
  readonly trust: Pick<Trust, "state" | "onChange">;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** How long one attempt to renew may take; well within the time after which its lock counts as left behind. */
const timeoutMs = 10_000;

/** Over which part of a certificate's life the bots of a fleet renew when the CA has changed, so that not all come at once. */
const spread = 0.1;

/**
 * Renews the certificate at half its life, ±10 %, with a new key each time, until `signal` aborts; and soon, where the
 * trust says that certificates are signed below another CA now. The new one is on
 * the disk before it is used: from its first use on, the authority takes a renewal over the old one for a clone's.
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

/** Uses the new certificate. Where that fails, the next call to the authority does as well. */
async function confirm(authority: Client<typeof AuthorityService>, log: Log): Promise<void> {
  await authority.confirm({}, { detached: true, timeoutMs }).catch((error) => {
    log.warn("certificate not confirmed", { error: String(error) });
  });
}

/** What another process of the same bot has renewed meanwhile. */
async function takeOver(folder: IdentityFolder, current: Identity): Promise<Identity | undefined> {
  const saved = await folder.load();
  if (!saved || saved.leaf.serial === current.leaf.serial) return undefined;
  // Times in certificates are whole seconds: two of one second may end at the same time.
  return saved.leaf.notAfter >= current.leaf.notAfter ? saved : undefined;
}

async function renew(authority: Client<typeof AuthorityService>, current: Identity): Promise<Identity> {
  const keys = await createKeyPair();
  const csr = await createCsr(keys, current.spiffeId.uri);
  const { certificate } = await authority.renew({ csr }, { detached: true, timeoutMs });
  return createIdentity(keys.privateKeyPem, certificate?.chain ?? []);
}

/**
 * When to renew, in milliseconds since the epoch: halfway, ±10 %, between `since` and the end. A certificate is valid
 * from before it was issued, for clocks that are late; of a short one, that would be most of its life.
 */
export function renewalTime({ leaf: { notAfter } }: Pick<Identity, "leaf">, since: number): number {
  return since + (notAfter - since) * (0.4 + Math.random() * 0.2);
}
