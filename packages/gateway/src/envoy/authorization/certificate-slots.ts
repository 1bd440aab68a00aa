import { setTimeout as sleep } from "node:timers/promises";
import type { Clock, Identity, IdentitySource } from "@interlock/bot";
import { slots } from "../names.js";
import type { SecretFiles } from "./secret-files.js";
import { type UntilWrittenOptions, untilWritten } from "./until-written.js";

/** A certificate of the gateway in the slot that Envoy has for it. */
export interface CertificateSlot {
  readonly slot: number;
  readonly thumbprint: string;
  /**
   * When calls stop being sent with it, in milliseconds since the epoch: after three quarters of its life here. What they began
   * then has the last quarter.
   */
  readonly until: number;
  /** Resolves once Envoy has had the time to read it. */
  readonly ready: Promise<void>;
}

/** The certificates of the gateway that are in use: at most {@link slots}. */
export interface CertificateSlots {
  /** The newest one that Envoy has. */
  readonly current: CertificateSlot;
  /** The one with this thumbprint, even if Envoy does not have it yet. */
  find(thumbprint: string): CertificateSlot | undefined;
}

/** What {@link openCertificateSlots} works with. */
export interface CertificateSlotsOptions extends UntilWrittenOptions {
  readonly identity: IdentitySource;
  readonly files: Pick<SecretFiles, "writeIdentity" | "writeSlot">;
  readonly clock: Clock;
  /** The time that Envoy has to read a file, in milliseconds. Default: 500. */
  readonly settleMs?: number | undefined;
}

/**
 * Puts each certificate of the gateway into a slot of its own, in turn. A connection keeps the certificate with which it was
 * opened, and a token is bound to one, so calls with a token of the newer certificate must not go over a connection of the older.
 *
 * A slot is used again when its last certificate but two is replaced: certificates are renewed at half of their life, so that one
 * has expired, and the bots have ended its connections.
 *
 * @returns The slots, once every file has been written.
 */
export async function openCertificateSlots(options: CertificateSlotsOptions): Promise<CertificateSlots> {
  const { identity, files, clock, signal, settleMs = 500 } = options;
  const first = identity.current();
  let current: CertificateSlot = { slot: 0, ...lifeOf(first), ready: Promise.resolve() };
  const held = [current];
  // The identity may be renewed while the first files are written.
  signal.addEventListener("abort", identity.onChange(take), { once: true });
  const written = writeAll(first);
  let writing = written.catch(() => {});

  function lifeOf({ leaf: { thumbprint, notAfter } }: Identity) {
    const now = clock.now();
    return { thumbprint, until: now + (notAfter - now) * 0.75 };
  }

  // The slot that rests gets it, too: its health checks need a valid one. Only the one before keeps the certificate of its calls.
  async function writeAll(identity: Identity, except?: number): Promise<void> {
    await files.writeIdentity(identity);
    for (let slot = 0; slot < slots; slot++) if (slot !== except) await files.writeSlot(slot, identity);
  }

  function take(renewed: Identity): void {
    const before = (held.at(-1) as CertificateSlot).slot;
    writing = writing.then(() => untilWritten("certificate", () => writeAll(renewed, before), options));
    const ready = writing.then(() => sleep(settleMs, undefined, { ref: false }));
    const taken = { slot: (before + 1) % slots, ...lifeOf(renewed), ready };
    held.push(taken);
    if (held.length > slots) held.shift();
    ready.then(() => {
      if (held.includes(taken)) current = taken;
    });
  }

  await written;
  return {
    get current() {
      return current;
    },
    find: (thumbprint) => held.find((one) => one.thumbprint === thumbprint),
  };
}
