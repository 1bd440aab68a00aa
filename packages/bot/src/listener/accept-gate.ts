import { AsyncLocalStorage } from "node:async_hooks";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { addressOf } from "../admission/connection.js";
import type { Clock } from "../base/clock.js";
import { createRateLimiter } from "../base/rate-limiter.js";
import type { Reason } from "../base/reason.js";
import { awaitFirstRecord } from "./first-record.js";
import { createPlaces } from "./places.js";
import { type ScreenedSocket, screen } from "./screened-socket.js";
import { sourceOf } from "./source.js";
import { createTurnstile } from "./turnstile.js";

/** The time for a whole handshake, from the first byte or none, in milliseconds. */
export const handshakeTimeoutMs = 10_000;

/** The handshakes under way on one port. One costs up to 50 KB, so these are 25 MB at the most. */
export const maximumHandshakes = 512;

/** The bytes that a client may send in its handshake: eight certificates of 1.8 KiB, and its hello. OpenSSL takes 100 KiB. */
export const maximumHandshakeBytes = 16 * 1_024;

/** Failed handshakes of one source, above which its next ones wait: see {@link delayedHandshakes}. */
export const failedHandshakes = { burst: 100, perSecond: 50 };

/**
 * How the handshakes of a source with too many failed ones begin: two of those that wait, every 20 ms. So one that fails again and
 * again takes no other one's turn, and all of them cost at most a fifth of a core.
 */
const delayedHandshakes = { atOnce: 2, everyMs: 20 };

/**
 * The handshakes that begin in one turn of the event loop. Each costs about 2 ms, so without a bound the calls on open
 * connections would wait behind all the hellos that came together.
 */
export const handshakesPerTurn = 1;

/** After one handshake that was too long, the source's next ones are counted byte by byte, for ten minutes. */
const suspicion = { burst: 1, perSecond: 1 / 600 };

/** After as many of those from any sources, every handshake is counted, until they have become fewer than one in 5 s. */
const alertness = { burst: 8, perSecond: 1 / 5 };

/** A handshake that failed. */
export interface FailedHandshake {
  /** `host:port` of the peer. */
  readonly address: string;
  /** The reason where it is the gate's own. */
  readonly reason: Reason | undefined;
}

/** The gate between accepting a connection and TLS. */
export interface AcceptGate {
  /** Takes a connection that was accepted. */
  enter(socket: Socket): void;
  /** Takes note that a handshake is done. */
  passed(socket: TLSSocket): void;
  /** Takes note that a handshake has failed, and gives what is known about it. */
  failed(socket: TLSSocket): FailedHandshake;
  /** Counts a peer that was refused after its handshake as one that failed in it. */
  blame(socket: TLSSocket): void;
  /** Ends the handshakes that are under way. */
  end(): void;
}

/** What the gate works with. */
export interface AcceptGateOptions {
  readonly clock: Clock;
  /** Begins TLS on a socket. */
  begin(socket: Duplex): void;
  /** Records a connection that was refused before TLS began. */
  refused(reason: Reason, address: string): void;
}

/** A connection whose handshake is not done. */
interface Newcomer {
  readonly socket: Socket;
  readonly source: string;
  readonly address: string;
  readonly port: number | undefined;
  readonly host: string | undefined;
  /** Whether its hello has come: those without one go first. */
  greeted: boolean;
  screened?: ScreenedSocket;
  /** Whether TLS has begun, and reports its end itself. */
  begun: boolean;
  /** Whether TLS reports in its context. */
  inContext: boolean;
  /** Why the gate has ended it. */
  reason?: Reason;
  readonly timer: NodeJS.Timeout;
}

/**
 * Makes the gate of a port. It holds a bounded number of handshakes, and for one more ends another: of the source that has the
 * most, the oldest, those without a whole hello first. So no peer is refused for its address, and silence costs only a socket.
 *
 * It ends handshakes that take longer than 10 s, however busy they are; Node's own time-out starts again with every byte.
 */
export function createAcceptGate({ clock, begin, refused }: AcceptGateOptions): AcceptGate {
  const places = createPlaces<Newcomer>(maximumHandshakes, ({ greeted }) => !greeted);
  const failures = createRateLimiter(failedHandshakes);
  const suspicions = createRateLimiter(suspicion);
  const alerts = createRateLimiter(alertness);
  /** The newcomers of sources that have failed too often; bounded by the places. */
  const queues = new Map<string, Newcomer[]>();
  const begins = createTurnstile(handshakesPerTurn);
  // A TLS socket over a screened one does not know its peer. It reports in the context in which TLS began: the one public way
  // to the socket beneath. On Node 20 the storage makes every promise of the process dearer, so it is on only meanwhile.
  const current = new AsyncLocalStorage<Newcomer>();
  let screening = 0;

  function enter(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    const { remoteAddress: host, remotePort: port } = socket;
    if (host === undefined) return void socket.destroy(); // The peer has gone already.
    const source = sourceOf(host);
    const timer = setTimeout(() => drop(newcomer, "HANDSHAKE_TIMEOUT"), handshakeTimeoutMs).unref();
    const address = addressOf(socket);
    const newcomer: Newcomer = {
      socket,
      source,
      host,
      port,
      address,
      greeted: false,
      begun: false,
      inContext: false,
      timer,
    };
    const evicted = places.add(newcomer, source);
    if (evicted) drop(evicted, "CONNECTION_LIMIT");
    socket.once("end", () => !newcomer.begun && socket.destroy());
    socket.once("close", () => {
      clearTimeout(timer);
      if (!newcomer.begun) refused(newcomer.reason ?? "HANDSHAKE_FAILED", newcomer.address);
      // TLS reports the failure after this event.
      setImmediate(() => leave(newcomer));
    });
    awaitFirstRecord(socket, () => {
      newcomer.greeted = true;
      if (failures.peek(source, clock.now()) === 0) begins(socket, () => start(newcomer));
      else queue(newcomer);
    });
  }

  /** Gives its place to the next. */
  function leave(newcomer: Newcomer): void {
    places.remove(newcomer);
    if (!newcomer.inContext) return;
    newcomer.inContext = false;
    if (--screening === 0) current.disable();
  }

  function drop(newcomer: Newcomer, reason: Reason): void {
    newcomer.reason ??= reason;
    newcomer.socket.destroy();
  }

  /** Begins TLS a little later: a few of those that wait, each time, and not in their order, which an attacker would fill. */
  function queue(newcomer: Newcomer): void {
    const waiting = queues.get(newcomer.source);
    if (waiting) return void waiting.push(newcomer);
    queues.set(newcomer.source, [newcomer]);
    const timer = setInterval(() => {
      const left = (queues.get(newcomer.source) ?? []).filter(({ socket }) => !socket.destroyed);
      if (left.length === 0) {
        queues.delete(newcomer.source);
        return clearInterval(timer);
      }
      for (let begun = 0; begun < delayedHandshakes.atOnce && left.length > 0; begun++) {
        const [next] = left.splice(Math.floor(Math.random() * left.length), 1);
        if (next) start(next);
      }
      queues.set(newcomer.source, left);
    }, delayedHandshakes.everyMs).unref();
  }

  function start(newcomer: Newcomer): void {
    const { socket, source } = newcomer;
    if (socket.destroyed) return;
    const now = clock.now();
    newcomer.begun = true;
    if (suspicions.peek(source, now) > 0 || alerts.peek("", now) > 0) {
      newcomer.screened = screen(socket, maximumHandshakeBytes);
    }
    if (!newcomer.screened) return void begin(socket);
    newcomer.inContext = true;
    screening++;
    current.run(newcomer, begin, newcomer.screened);
  }

  /** Whether a handshake was long; so is one with a request behind it. A long one has the source's next ones counted. */
  function isLong({ socket, source, screened }: Newcomer): boolean {
    if (screened || socket.bytesRead <= maximumHandshakeBytes) return false;
    suspicions.take(source, clock.now());
    return true;
  }

  return {
    enter,
    passed(socket) {
      const newcomer = newcomerOf(socket);
      if (!newcomer) return;
      isLong(newcomer);
      leave(newcomer);
      clearTimeout(newcomer.timer);
      const { host, port, screened } = newcomer;
      if (screened) {
        screened.release();
        Object.defineProperties(socket, { remoteAddress: { value: host }, remotePort: { value: port } });
      }
    },
    failed(socket) {
      const newcomer = newcomerOf(socket);
      if (!newcomer) return { address: addressOf(socket), reason: undefined };
      leave(newcomer);
      if (isLong(newcomer)) alerts.take("", clock.now());
      if (!newcomer.reason) failures.take(newcomer.source, clock.now());
      return { address: newcomer.address, reason: newcomer.reason };
    },
    blame({ remoteAddress = "" }) {
      failures.take(sourceOf(remoteAddress), clock.now());
    },
    end() {
      for (const { socket } of [...places.entries()]) socket.destroy();
    },
  };

  /** The newcomer that a TLS socket was made for; one that TLS has closed does not know its peer any more. */
  function newcomerOf(socket: TLSSocket): Newcomer | undefined {
    const screened = current.getStore();
    if (screened?.inContext) return screened;
    const address = addressOf(socket);
    const begun = [...places.entries()].filter(({ begun, inContext }) => begun && !inContext);
    return address === "" ? begun.find((one) => one.socket.destroyed) : begun.find((one) => one.address === address);
  }
}
