import { randomBytes } from "node:crypto";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import type { AnyMethod, SpiffeId } from "@interlock/policy";
import type { InterlockError } from "../base/error.js";
import { createRoster, type Roster } from "../base/roster.js";
import type { Certificate } from "../identity/certificate.js";
import type { Peer } from "../identity/verify-peer.js";
import { vouchFor } from "../identity/vouch.js";
import type { TrustState } from "../trust/trust.js";
import type { Bearer } from "./bearer.js";

/** A call that is being served, as its connection knows it. */
export interface OpenCall {
  /** The token that authorizes it; absent for methods that are open to any bot. */
  readonly bearer: Bearer | undefined;
  /** Full name of the service. */
  readonly service: string;
  readonly method: Pick<AnyMethod, "path" | "kind" | "policy">;
  /** Ends it with a status. */
  end(error: InterlockError): void;
}

/**
 * One authenticated connection. The peer's identity is established once, when the connection is made. Its certificate may
 * be replaced by a newer one that the same peer has proved on a later connection.
 */
export interface Connection {
  readonly peer: SpiffeId;
  readonly certificate: Certificate;
  /** The peer's chain that was verified: DER, the root last. */
  readonly chain: readonly Uint8Array[];
  /** The certificates that it had before {@link rebind}, which can still be revoked: each once, unexpired, at most 8. */
  readonly earlier: readonly Certificate[];
  /** A secret for the peer, with which it can vouch for this connection on a later one. */
  readonly voucher: string;
  /** What the peer sends to vouch for it; see `vouchFor`. */
  readonly vouch: string;
  /** `host:port` of the peer. */
  readonly address: string;
  /** Tokens that were verified on this connection, each by its `authorization` value and by its reference. At most 64 tokens. */
  readonly bearers: Map<string, Bearer>;
  readonly calls: Roster<OpenCall>;
  /** The trust with which the peer was last compared and found not revoked. */
  clearedBy: TrustState | undefined;
  /** The error with which it is cut off; it takes no calls any more. */
  readonly ended: InterlockError | undefined;
  /**
   * Replaces its certificate and chain by those of `later`, a newer connection of the same peer. Nothing happens where it has
   * that certificate already. Gives false where it has had too many: then it keeps what it has.
   */
  rebind(later: Connection, now: number): boolean;
  /**
   * Tells the other end that the connection ends for `error`, in the words of its protocol; set by what speaks it. Returns true
   * where the protocol also closes the socket, once the other end has read the word.
   */
  lastWord: ((error: InterlockError) => boolean) | undefined;
  /** Takes no more calls, because of `error`. Those that are under way go on until {@link cut}. */
  refuse(error: InterlockError): void;
  /** Ends every call with `error`, then the connection. Resolves when the connection has been ended. */
  cut(error: InterlockError): Promise<void>;
  /** Ends the connection at once, without a status for its calls. */
  destroy(): void;
}

// A certificate is renewed at half of its life, so a connection has one or two earlier ones. Each is compared with every
// revocation, and none may be forgotten before it expires.
const maximumEarlier = 8;

// Long enough for the statuses of the calls to leave, short enough to count as at once.
const farewellMs = 50;
// HTTP/2 writes a status in several turns of the event loop. In a process that was held up, the time may pass before those
// turns, and without the status the peer would take the end for a failure and try again.
const farewellTurns = 10;
// When thousands of bots are locked at once, closing their sockets would hold up the statuses of the calls that have ended.
const closesAtOnce = 8;
const closesEveryMs = 10;

/** Makes the record of a connection whose peer has been verified. */
export function createConnection(socket: TLSSocket, { id: peer, ...proof }: Peer): Connection {
  const calls = createRoster<OpenCall>();
  const voucher = randomBytes(16).toString("base64url");
  const client = proof.certificate.thumbprint;
  const server = ownThumbprint(socket);
  let { certificate, chain } = proof;
  let earlier: readonly Certificate[] = [];
  let ended: InterlockError | undefined;
  let leaving: Promise<void> | undefined;
  const connection: Connection = {
    peer,
    get certificate() {
      return certificate;
    },
    get chain() {
      return chain;
    },
    get earlier() {
      return earlier;
    },
    voucher,
    vouch: vouchFor({ voucher, client, server }),
    address: addressOf(socket),
    bearers: new Map(),
    calls,
    clearedBy: undefined,
    rebind(later, now) {
      const { thumbprint } = later.certificate;
      if (thumbprint === certificate.thumbprint) return true;
      const others = earlier.filter((known) => known.notAfter > now && known.thumbprint !== thumbprint);
      if (others.length >= maximumEarlier) return false;
      earlier = [...others, certificate];
      ({ certificate, chain } = later);
      connection.clearedBy = undefined;
      return true;
    },
    get ended() {
      return ended;
    },
    lastWord: undefined,
    refuse(error) {
      ended ??= error;
    },
    cut(error) {
      if (leaving) return leaving;
      ended = error;
      for (const call of calls) call.end(error);
      leaving = farewell().then(async () => {
        if (connection.lastWord?.(error)) return closeOf(socket);
        socket.destroy();
      });
      return leaving;
    },
    destroy: () => void socket.destroy(),
  };
  return connection;
}

/** The thumbprint of the certificate that this end showed on a socket, which may not be its newest. */
function ownThumbprint(socket: TLSSocket): string {
  const { fingerprint256 = "" } = socket.getCertificate() as { fingerprint256?: string };
  return Buffer.from(fingerprint256.replaceAll(":", ""), "hex").toString("base64url");
}

async function farewell(): Promise<void> {
  await sleep(farewellMs);
  for (let turn = 0; turn < farewellTurns; turn++) await nextTurn();
  await inTurnToClose();
}

/** Resolves when a socket has closed. */
function closeOf(socket: TLSSocket): Promise<void> {
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once("close", () => resolve()));
}

/** Wakes those that wait to close, a few at a time; bounded by the connections. */
const closing: (() => void)[] = [];
let closed = 0;

/** Resolves at once, unless many connections close: then in their order, {@link closesAtOnce} every {@link closesEveryMs}. */
function inTurnToClose(): Promise<void> | undefined {
  if (closed === 0) setTimeout(closeSome, closesEveryMs);
  if (closed++ < closesAtOnce) return undefined;
  return new Promise((resolve) => closing.push(resolve));
}

function closeSome(): void {
  const some = closing.splice(0, closesAtOnce);
  closed = closing.length > 0 ? closesAtOnce : 0;
  for (const close of some) close();
  if (closed > 0) setTimeout(closeSome, closesEveryMs);
}

/** `host:port` of a socket's other end, in the form of grpc-js's `call.getPeer()`; empty when it has gone. */
export function addressOf({ remoteAddress, remotePort }: Pick<TLSSocket, "remoteAddress" | "remotePort">): string {
  return remoteAddress === undefined ? "" : `${remoteAddress}:${remotePort}`;
}
