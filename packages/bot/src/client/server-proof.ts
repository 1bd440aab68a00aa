import { matchesIdentity } from "@interlock/policy";
import { setAlarm } from "../base/alarm.js";
import type { Clock } from "../base/clock.js";
import { denial, InterlockError } from "../base/error.js";
import type { Roster } from "../base/roster.js";
import { type Peer, verifyPeer } from "../identity/verify-peer.js";
import { rootOf } from "../trust/root-of.js";
import type { Trust, TrustChange } from "../trust/trust.js";
import type { Cancelable } from "./call-under-way.js";
import { createPeerHistory } from "./peer-history.js";

/** What {@link createServerProof} works with. */
export interface ServerProofOptions {
  readonly trust: Trust;
  readonly clock: Clock;
  /** Identity patterns, one of which the server has to match; empty for any bot of the fleet. */
  readonly servers: readonly string[];
  /** The calls under way, which are canceled when the proof is not valid any more. */
  readonly calls: Roster<Cancelable>;
}

/** The identity of a channel's server: how it was proved, and whether that is still valid. */
export interface ServerProof {
  /** The server that was accepted last; after `rebind`, its newer proof. */
  readonly server: Peer | undefined;
  /** The thumbprint of the certificate that the server showed on the latest connection; empty before the first. */
  readonly shown: string;
  /** The reason why the server was refused in the latest handshake, if it was. */
  readonly refusal: InterlockError | undefined;
  /** The reason why the server that was accepted last is refused now, if it is. Its calls have been canceled. */
  readonly cut: InterlockError | undefined;
  /** Decides on a server in the handshake, by the chain that it shows. Gives the reason to refuse it. */
  check(found: readonly Uint8Array[]): InterlockError | undefined;
  /** Whether the proof is not valid any more: the server or its CA is revoked, or its certificate has expired. */
  isSpent(): boolean;
  /** Moves the channel to a newer proof of the same server. False, without a change, when it is another bot's. */
  rebind(proved: Peer): boolean;
  /** Ends the calls under way with an error, and refuses the server from now on: it is revoked, or it has vanished. */
  end(error: InterlockError): void;
  /** Stops watching the trust. */
  close(): void;
}

/** The time for a server to prove itself anew after its root was withdrawn, before its calls are canceled, in milliseconds. */
const proveAnewMs = 3_000;

/** Keeps the proof of a channel's server, and watches the trust for what ends it. */
export function createServerProof({ trust, clock, servers, calls }: ServerProofOptions): ServerProof {
  const history = createPeerHistory(clock);
  let shown = "";
  let refusal: InterlockError | undefined;
  let cut: InterlockError | undefined;
  let rootWithdrawn = false;
  let cancelAlarm = () => {};

  function verify(found: readonly Uint8Array[]): Peer | InterlockError {
    const { trustDomain, caCertificates } = trust.state;
    const { peerRevoked: revoked } = trust;
    const verified = verifyPeer(found, { peer: "server", trustDomain, now: clock.now(), caCertificates, revoked });
    if (typeof verified === "string") return denial(verified);
    const { id } = verified;
    if (servers.length > 0 && !servers.some((pattern) => matchesIdentity(pattern, id.name))) {
      const needed = servers.join(" ");
      return denial("SERVER_IDENTITY_MISMATCH", `${needed} was meant, and it is ${id.name}`, { needed, held: id.name });
    }
    return verified;
  }

  function review({ caChanged }: TrustChange): void {
    if (!history.latest || cut) return;
    const reason = history
      .all()
      .map(({ id, certificate }) => trust.peerRevoked(id.uri, certificate))
      .find(Boolean);
    if (reason) {
      end(denial(reason));
      return;
    }
    if (caChanged) reviewRoot();
  }

  /** After a withdrawal no call begins here, and those under way end unless the server proves itself on a newer channel. */
  function reviewRoot(): void {
    rootWithdrawn = isRootWithdrawn();
    if (!rootWithdrawn) return;
    cancelAlarm();
    cancelAlarm = setAlarm(clock, clock.now() + proveAnewMs, () => {
      if (rootWithdrawn) end(denial("CERTIFICATE_UNTRUSTED"));
    });
  }

  function isRootWithdrawn(): boolean {
    return history.inForce().some(({ chain }) => rootOf(chain, trust.state) === undefined);
  }

  function end(error: InterlockError): void {
    cut = error;
    for (const call of calls) call.cancel();
  }

  const unsubscribe = trust.onChange(review);

  return {
    get server() {
      return history.latest;
    },
    get shown() {
      return shown;
    },
    get refusal() {
      return refusal;
    },
    get cut() {
      return cut;
    },
    check(found) {
      const verified = verify(found);
      refusal = verified instanceof InterlockError ? verified : undefined;
      if (verified instanceof InterlockError) return verified;
      history.add(verified, calls.size > 0);
      shown = verified.certificate.thumbprint;
      rootWithdrawn = isRootWithdrawn();
      return undefined;
    },
    isSpent() {
      const { latest } = history;
      return cut !== undefined || rootWithdrawn || (latest !== undefined && clock.now() >= latest.certificate.notAfter);
    },
    rebind(proved) {
      if (!history.rebind(proved)) return false;
      rootWithdrawn = isRootWithdrawn();
      return true;
    },
    end,
    close() {
      unsubscribe();
      cancelAlarm();
    },
  };
}
