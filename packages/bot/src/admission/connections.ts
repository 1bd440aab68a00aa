import type { TLSSocket } from "node:tls";
import { setAlarm } from "../base/alarm.js";
import type { Clock } from "../base/clock.js";
import { denial } from "../base/error.js";
import type { Trust } from "../trust/trust.js";
import { needsFreshTrust } from "./authorize.js";
import { bearerFault } from "./bearer-fault.js";
import type { Connection } from "./connection.js";

/** The connections of a server, with verified peers. */
export interface Connections {
  /** The connection of the peer at this address and port. */
  find(address: string | undefined, port: number | undefined): Connection | undefined;
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

/**
 * Makes the register of connections. When the trust changes, it ends the connections and calls that are revoked by the
 * change at once, not at their next call. Its size is bounded by the listener's `maximumConnections`.
 */
export function createConnections(trust: Trust, clock: Clock): Connections {
  // A port leads to one connection, or very few, and looking up a number on every call is cheaper than a text.
  const byPort = new Map<number | undefined, Map<string | undefined, Connection>>();

  const byVouch = new Map<string, Connection>();

  const find: Connections["find"] = (address, port) => byPort.get(port)?.get(address);
  const all = () => [...byPort.values()].flatMap((atPort) => [...atPort.values()]);

  function add(connection: Connection, socket: TLSSocket): void {
    const { remoteAddress, remotePort } = socket;
    // One peer cannot have two sockets at one port. If the old one has not closed yet, it is dead, and what is still to be
    // read from it must not pass for the new peer's.
    find(remoteAddress, remotePort)?.destroy();
    const atPort = byPort.get(remotePort) ?? new Map<string | undefined, Connection>();
    byPort.set(remotePort, atPort.set(remoteAddress, connection));
    byVouch.set(connection.vouch, connection);
    const cancel = endInTime(connection);
    socket.once("close", () => {
      cancel();
      byVouch.delete(connection.vouch);
      const still = byPort.get(remotePort);
      if (still?.get(remoteAddress) !== connection) return;
      still.delete(remoteAddress);
      if (still.size === 0) byPort.delete(remotePort);
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

  function review(connection: Connection): void {
    const { peer, certificate, earlier } = connection;
    const reason = [certificate, ...earlier].map((shown) => trust.peerRevoked(peer.uri, shown)).find(Boolean);
    const fault = reason ?? (leadsToCa(connection) ? undefined : "CERTIFICATE_UNTRUSTED");
    if (fault) connection.cut(denial(fault));
    else reviewCalls(connection);
  }

  function reviewCalls({ calls }: Connection): void {
    for (const call of calls) {
      const fault = call.bearer && bearerFault(call.bearer, trust, clock.now());
      if (fault) call.end(denial(fault));
    }
  }

  function leadsToCa({ chain }: Connection): boolean {
    const { caCertificates } = trust.state;
    return caCertificates.some((ca) => chain.some((der) => Buffer.compare(ca, der) === 0));
  }

  const unsubscribe = trust.onChange(() => {
    for (const connection of all()) review(connection);
  });
  // New calls of such methods are refused from then on; a stream that was admitted before would go on for hours. A call with
  // one request and one answer finishes.
  const stopWatching = trust.onStaleness((stale) => {
    if (!stale) return;
    for (const { calls } of all()) {
      for (const call of calls) {
        if (call.method.kind !== "unary" && needsFreshTrust(call.method.policy)) call.end(denial("TRUST_STALE"));
      }
    }
  });

  function close(): void {
    unsubscribe();
    stopWatching();
  }
  return { find, all, vouch, add, close };
}
