import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import type { SpiffeId } from "@interlock/policy";
import type { Bearer } from "./bearer.js";
import type { InterlockError } from "./error.js";
import type { Certificate } from "./identity/certificate.js";
import { peerChain } from "./identity/peer-chain.js";
import { createRoster, type Roster } from "./roster.js";
import type { TrustState } from "./trust/trust.js";

/** A call that is being served, as the connection it came over knows it. */
export interface OpenCall {
  /** The token that admitted it; absent for methods open to any bot. */
  readonly bearer: Bearer | undefined;
  /** Full name of the service called. */
  readonly service: string;
  /** Ends it with a status. */
  end(error: InterlockError): void;
}

/** One authenticated connection. Who is at the other end is worked out once, when it is made. */
export interface Connection {
  readonly peer: SpiffeId;
  readonly certificate: Certificate;
  /** The peer's chain as TLS verified it, DER, the root last. */
  readonly chain: readonly Uint8Array[];
  /** `host:port` of the peer. */
  readonly address: string;
  /** Tokens that were verified on this connection, each by its `authorization` value and by its reference; bounded. */
  readonly bearers: Map<string, Bearer>;
  readonly calls: Roster<OpenCall>;
  /** The trust that the peer was last held against, and not found shut out. */
  clearedBy: TrustState | undefined;
  /** Why it takes no more calls, once it has been cut. */
  readonly ended: InterlockError | undefined;
  /** Ends every call with `error`, then the connection. */
  cut(error: InterlockError): void;
  /** Ends the connection with no word. */
  destroy(): void;
}

// Long enough for the statuses of the calls to leave, short enough to count as at once.
const farewellMs = 50;
// HTTP/2 writes a status in several turns of the event loop. Where the process was held up, the time has passed before
// they came, and without the status the peer would take the end for a failure and try again.
const farewellTurns = 10;

/** Makes the record of a connection whose peer has been authenticated. */
export function createConnection(socket: TLSSocket, peer: SpiffeId, certificate: Certificate): Connection {
  const calls = createRoster<OpenCall>();
  let ended: InterlockError | undefined;
  return {
    peer,
    certificate,
    chain: peerChain(socket),
    address: addressOf(socket),
    bearers: new Map(),
    calls,
    clearedBy: undefined,
    get ended() {
      return ended;
    },
    cut(error) {
      if (ended) return;
      ended = error;
      for (const call of calls) call.end(error);
      void farewell().then(() => socket.destroy());
    },
    destroy: () => void socket.destroy(),
  };
}

async function farewell(): Promise<void> {
  await sleep(farewellMs, undefined, { ref: false });
  for (let turn = 0; turn < farewellTurns; turn++) await nextTurn();
}

/** `host:port` of a socket's other end, in the form of grpc-js's `call.getPeer()`; empty when it has gone. */
export function addressOf({ remoteAddress, remotePort }: Pick<TLSSocket, "remoteAddress" | "remotePort">): string {
  return remoteAddress === undefined ? "" : `${remoteAddress}:${remotePort}`;
}
