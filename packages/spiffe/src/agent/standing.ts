import {
  type Clock,
  createObservable,
  type Identity,
  type IdentitySource,
  InterlockError,
  type Log,
  type Observable,
  type Trust,
} from "@interlock/bot";
import { setAlarm } from "@interlock/bot/internal";

/** What programs get from an agent now. */
export type Standing = Granted | Withheld;

/** A bot with an identity that others accept. */
export interface Granted {
  readonly identity: Identity;
  /** The CA certificates of the fleet, DER. */
  readonly roots: readonly Uint8Array[];
}

/** A bot that is revoked, or whose certificate has run out. */
export interface Withheld {
  readonly withheld: InterlockError;
}

/** The parts of a bot that decide. */
export interface StandingParts {
  readonly identity: IdentitySource;
  readonly trust: Trust;
  readonly clock: Clock;
  readonly log: Log;
}

/** A {@link Standing} that is kept current. */
export interface WatchedStanding extends Observable<Standing> {
  close(): void;
}

/**
 * Watches whether a bot has an identity to give out. It changes with each new certificate and each change of the CA certificates, when
 * the bot is revoked or let in again, and when its certificate runs out; with nothing else.
 */
export function watchStanding(parts: StandingParts): WatchedStanding {
  const { identity, trust, clock, log } = parts;
  const standing = createObservable(assess(parts));
  const { spiffeId } = identity.current();
  let cancelAlarm = () => {};

  function look(): void {
    const next = assess(parts);
    wakeAtTheEnd(next);
    if (isSame(next, standing.current())) return;
    tell(next);
    standing.replace(next);
  }

  function tell(next: Standing): void {
    if ("withheld" in next) log.warn("identity withheld", { spiffeId: spiffeId.uri, reason: next.withheld.reason });
    else log.info("identity given out", { spiffeId: spiffeId.uri, ...certificateOf(next) });
  }

  function wakeAtTheEnd(next: Standing): void {
    cancelAlarm();
    cancelAlarm = "withheld" in next ? () => {} : setAlarm(clock, next.identity.leaf.notAfter, look);
  }

  const stops = [identity.onChange(look), trust.onChange(look), () => cancelAlarm()];
  wakeAtTheEnd(standing.current());
  tell(standing.current());
  return {
    current: () => standing.current(),
    onChange: (listener) => standing.onChange(listener),
    close() {
      for (const stop of stops) stop();
    },
  };
}

function assess({ identity, trust, clock }: StandingParts): Standing {
  const current = identity.current();
  const revoked = trust.peerRevoked(current.spiffeId.uri, current.leaf);
  if (revoked) {
    const remedy = `an operator lets it in again with "interlock unrevoke"`;
    return withhold(`${current.spiffeId.uri} has been revoked: ${remedy}.`, revoked);
  }
  if (clock.now() >= current.leaf.notAfter) {
    const remedy = "see the log of the agent, which renews it as soon as it reaches the authority";
    return withhold(`The certificate of ${current.spiffeId.uri} has expired: ${remedy}.`, "CERTIFICATE_EXPIRED");
  }
  return { identity: current, roots: trust.state.caCertificates };
}

// The code is that of the SPIFFE Workload Endpoint, section 6.
function withhold(message: string, reason: string): Withheld {
  return { withheld: new InterlockError("PERMISSION_DENIED", message, { reason }) };
}

function isSame(a: Standing, b: Standing): boolean {
  if ("withheld" in a || "withheld" in b) {
    return "withheld" in a && "withheld" in b && a.withheld.reason === b.withheld.reason;
  }
  if (a.identity !== b.identity || a.roots.length !== b.roots.length) return false;
  return a.roots.every((der, i) => Buffer.compare(der, b.roots[i] as Uint8Array) === 0);
}

function certificateOf({ identity: { leaf } }: Granted) {
  return { serial: leaf.serial, expires: new Date(leaf.notAfter).toISOString() };
}
