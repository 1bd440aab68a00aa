import type { Socket } from "node:net";
import { createSecureContext } from "node:tls";
import { type Client, connectivityState, Metadata } from "@grpc/grpc-js";
import type { Clock } from "../base/clock.js";
import { denial, type InterlockError } from "../base/error.js";
import { createRoster } from "../base/roster.js";
import type { Identity } from "../identity/identity.js";
import { tlsContext } from "../identity/tls-context.js";
import type { Peer } from "../identity/verify-peer.js";
import { vouchFor } from "../identity/vouch.js";
import { offeredBy } from "../token/reference.js";
import { voucherIn } from "../token/vouches.js";
import type { Trust } from "../trust/trust.js";
import type { Answered, Cancelable } from "./call-under-way.js";
import type { ChannelTuning } from "./channel-tuning.js";
import { checkIn } from "./check-in.js";
import type { ConnectionTimes } from "./connection-times.js";
import { grpcClient } from "./grpc-client.js";
import { createLiveness } from "./liveness.js";
import { createServerProof } from "./server-proof.js";

/** What a channel is opened with. */
export interface ChannelOptions {
  /** `host:port`, or any target that grpc-js resolves. */
  readonly address: string;
  readonly identity: Identity;
  readonly trust: Trust;
  readonly clock: Clock;
  /** Identity patterns, one of which the server has to match; empty for any bot of the fleet. */
  readonly servers: readonly string[];
  readonly times: ConnectionTimes;
  readonly tuning?: ChannelTuning | undefined;
  /** Called when `vouches` has a new member. */
  onVouch?(): void;
}

/**
 * A grpc-js channel under one identity. Its certificate cannot be exchanged, so a renewal takes a new channel, on which the
 * old one is vouched for while there are streams on it.
 */
export interface Channel {
  readonly client: Client;
  /** The address of the server, as it was given. */
  readonly address: string;
  /** The identity under which the channel was opened, or to which `rebind` moved it. */
  readonly identity: Identity;
  /** See `ServerProof`. */
  readonly server: Peer | undefined;
  /** See `ServerProof`. */
  readonly refusal: InterlockError | undefined;
  /** See `ServerProof`. */
  readonly cut: InterlockError | undefined;
  /** Whether calls may refer to a token: the server has it from this connection, and has offered to take references. */
  remembers(authorization: string): boolean;
  /**
   * Listens for what the server says of itself in an answer: that it takes references to `authorization`, which the call
   * shows whole, and how to vouch for its connection.
   */
  watchHeaders(call: Answered, authorization?: string): void;
  /** Forgets what the server remembers: it does not, because there is another server, or another connection. */
  forget(): void;
  /** See `ServerProof`. */
  isSpent(): boolean;
  /** The calls under way on it. */
  readonly calls: number;
  /** The values to send on a newer channel so that this one outlives its certificates; see `vouchFor`. */
  readonly vouches: ReadonlySet<string>;
  /**
   * Moves the channel to the certificates of both sides of `newer`, on which it has been vouched for. False, without a
   * change, when the server of `newer` is another bot.
   */
  rebind(newer: Channel): boolean;
  /**
   * Keeps the channel open for a call, and cancels the call when the server is revoked, or has vanished. `answered` says
   * whether the call waits for one answer. Gives what it is ended with.
   */
  begin(call: Cancelable, answered: boolean): number;
  /** Ends what `begin` began; `answered` as there. */
  end(place: number, answered: boolean): void;
  /** Takes no new calls, and closes once those under way have ended. */
  retire(): void;
}

/** The tokens that calls may refer to, the latest; a server keeps 64. */
const maximumRemembered = 32;

/** Opens a channel on which the server has to prove a SPIFFE ID of the fleet that is among the expected ones. */
export function createChannel(options: ChannelOptions): Channel {
  const { address, trust, clock, servers, times, tuning, onVouch, ...opened } = options;
  const client = opened.identity.leaf.thumbprint;
  const calls = createRoster<Cancelable>();
  const proof = createServerProof({ trust, clock, servers, calls });
  const vouches = new Set<string>();
  let { identity } = opened;
  const remembered = new Set<string>();
  let retired = false;
  const sockets = new Set<Socket>();

  const context = createSecureContext(tlsContext(identity, trust.state.caCertificates));
  const check = (found: readonly Uint8Array[]) => {
    remembered.clear(); // This is a new connection, which has been shown nothing yet.
    return proof.check(found);
  };
  const connected = (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    liveness.connected(socket);
  };
  const grpc = grpcClient(address, { context, check }, connected, tuning);

  const liveness = createLiveness({
    ...times,
    ask: () => checkIn(channel, new Metadata(), undefined, times.answerMs),
    vanished() {
      const seconds = (times.silenceMs + times.answerMs) / 1_000;
      proof.end(denial("SERVER_UNREACHABLE", `nothing has come from ${address} for ${seconds} s`));
      for (const socket of sockets) socket.destroy(); // They would wait for a quarter of an hour.
    },
  });

  function remember(authorization: string): void {
    const [oldest] = remembered;
    if (oldest !== undefined && remembered.size >= maximumRemembered) remembered.delete(oldest);
    remembered.add(authorization);
  }

  function closeWhenDone(): void {
    if (!retired || calls.size > 0) return;
    proof.close();
    liveness.close();
    grpc.close();
  }

  const channel: Channel = {
    client: grpc,
    address,
    get identity() {
      return identity;
    },
    get server() {
      return proof.server;
    },
    get refusal() {
      return proof.refusal;
    },
    get cut() {
      return proof.cut;
    },
    remembers(authorization) {
      // The server knows the tokens on this connection only.
      if (grpc.getChannel().getConnectivityState(false) !== connectivityState.READY) remembered.clear();
      return remembered.has(authorization);
    },
    watchHeaders(call, authorization) {
      call.once("metadata", (metadata) => {
        const { shown } = proof;
        const offerer = offeredBy(metadata);
        if (authorization !== undefined && offerer !== undefined && offerer === shown) remember(authorization);
        const voucher = voucherIn(metadata);
        if (voucher === undefined || !proof.server) return;
        const known = vouches.size;
        vouches.add(vouchFor({ voucher, client, server: shown }));
        if (vouches.size > known) onVouch?.();
      });
    },
    forget: () => remembered.clear(),
    isSpent: proof.isSpent,
    get calls() {
      return calls.size;
    },
    vouches,
    rebind(newer) {
      if (!newer.server || newer.cut || !proof.rebind(newer.server)) return false;
      identity = newer.identity;
      return true;
    },
    begin(call, answered) {
      liveness.begin(answered);
      return calls.join(call);
    },
    end(place, answered) {
      liveness.end(answered);
      calls.leave(place);
      closeWhenDone();
    },
    retire() {
      retired = true;
      closeWhenDone();
    },
  };
  return channel;
}
