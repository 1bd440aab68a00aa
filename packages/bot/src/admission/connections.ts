import type { TLSSocket } from "node:tls";
import { isFederatedName } from "@interlock/policy";
import { setAlarm } from "../base/alarm.js";
import type { Clock } from "../base/clock.js";
import { denial, type InterlockError } from "../base/error.js";
import type { Reason } from "../base/reason.js";
import type { Trust } from "../trust/trust.js";
import { needsFreshTrust } from "./authorize.js";
import { bearerFault } from "./bearer-fault.js";
import type { Connection } from "./connection.js";
import { methodRetired } from "./refuse-ended.js";
import { type RefusingServer, trustStale } from "./trust-stale.js";

/** The connections of a server, with verified peers. */
export interface Connections {
  all(): readonly Connection[];
  /**
   * Takes the word of the peer of `later` that older connections are its own, by what `vouchFor` gives for them. They take
   * over the certificate of `later`. Gives the vouches that were accepted.
   */
  vouch(later: Connection, vouches: readonly string[]): string[];
  /** Keeps `connection` until its socket closes. */
  add(connection: Connection, socket: TLSSocket): void;
  /** Stops watching the trust. */
  close(): void;
}

/** How often connections are cut where not all are at once. */
const cutsEveryMs = 10;

/**
 * Makes the register of connections. When the trust changes, it ends the connections and calls that are revoked by the
 * change at once, not at their next call. Its size is bounded by the listener's `maximumConnections`.
 *
 * @param server - The server that denials name. Default: none.
 * @param cutsAtOnce - How many connections are cut in 10 ms. The others take no calls meanwhile, and keep those that are under way.
 *   Default: all.
 */
export function createConnections(
  trust: Trust,
  clock: Clock,
  server?: RefusingServer,
  cutsAtOnce = Number.POSITIVE_INFINITY,
): Connections {
  const open = new Set<Connection>();
  const revoked = new Set<Connection>(); // Of them, those that are not cut yet.
  let nextCuts: NodeJS.Timeout | undefined;
  const byVouch = new Map<string, Connection>();

  const all = () => [...open];

  function add(connection: Connection, socket: TLSSocket): void {
    open.add(connection);
    byVouch.set(connection.vouch, connection);
    const cancel = endInTime(connection);
    socket.once("close", () => {
      cancel();
      byVouch.delete(connection.vouch);
      open.delete(connection);
      revoked.delete(connection);
    });
  }

  /** Cuts a connection off when the certificate that it has then expires. Gives a function that cancels that. */
  function endInTime(connection: Connection): () => void {
    let cancel: () => void;
    function watch(): void {
      cancel = setAlarm(clock, connection.certificate.notAfter, () => {
        if (clock.now() < connection.certificate.notAfter) watch();
        else connection.cut(denial("CERTIFICATE_EXPIRED"));
      });
    }
    watch();
    return () => cancel();
  }

  function vouch(later: Connection, vouches: readonly string[]): string[] {
    return [...new Set(vouches)].filter((value) => {
      const older = byVouch.get(value);
      if (!older || older === later || older.ended || later.ended || older.peer.uri !== later.peer.uri) return false;
      // A vouch that arrives late must not replace a newer certificate.
      return later.certificate.notAfter < older.certificate.notAfter || older.rebind(later, clock.now());
    });
  }

  function reviewAll(): void {
    // A pattern may revoke thousands at once, for one reason.
    const denials = new Map<Reason, InterlockError>();
    for (const connection of all()) {
      if (connection.ended) continue;
      const fault = faultOf(connection);
      if (!fault) reviewCalls(connection);
      else {
        const error = denials.get(fault) ?? denial(fault);
        denials.set(fault, error);
        connection.refuse(error);
        revoked.add(connection);
      }
    }
    if (!nextCuts) cutSome();
  }

  function cutSome(): void {
    let left = cutsAtOnce;
    for (const connection of revoked) {
      if (left-- <= 0) break;
      revoked.delete(connection);
      void connection.cut(connection.ended as InterlockError);
    }
    nextCuts = revoked.size > 0 ? setTimeout(cutSome, cutsEveryMs) : undefined;
  }

  function faultOf(connection: Connection): Reason | undefined {
    const { peer, certificate, earlier } = connection;
    const reason = [certificate, ...earlier].map((shown) => trust.peerRevoked(peer.uri, shown)).find(Boolean);
    return reason ?? (leadsToCa(connection) ? undefined : "CERTIFICATE_UNTRUSTED");
  }

  function reviewCalls({ calls }: Connection): void {
    for (const call of calls) {
      const { policy, path } = call.method;
      const fault = call.bearer && bearerFault(call.bearer, trust, clock.now());
      if (fault) call.end(denial(fault));
      else if (trust.methodRetired(path)) call.end(methodRetired(policy, path));
    }
  }

  /** Whether the chain leads to a CA that is believed for the peer's trust domain. */
  function leadsToCa({ chain, peer }: Connection): boolean {
    const domain = isFederatedName(peer.name) ? trust.federatedDomain(peer.uri) : trust.state;
    const caCertificates = domain?.caCertificates ?? [];
    return caCertificates.some((ca) => chain.some((der) => Buffer.compare(ca, der) === 0));
  }

  const unsubscribe = trust.onChange(reviewAll);
  // New calls of such methods are refused from then on; a stream that was admitted before would go on for hours. A call with
  // one request and one answer finishes.
  const stopWatching = trust.onStaleness((stale) => {
    if (!stale) return;
    for (const { calls } of all()) {
      for (const call of calls) {
        if (call.method.kind !== "unary" && needsFreshTrust(call.method.policy)) call.end(trustStale(trust, server));
      }
    }
  });

  function close(): void {
    unsubscribe();
    stopWatching();
    clearTimeout(nextCuts);
  }
  return { all, vouch, add, close };
}
