import { createSecureContext, type DetailedPeerCertificate, type PeerCertificate } from "node:tls";
import { Client, connectivityState, credentials } from "@grpc/grpc-js";
import type { Clock } from "../base/clock.js";
import type { InterlockError } from "../base/error.js";
import { createRoster } from "../base/roster.js";
import type { Identity } from "../identity/identity.js";
import { chainOf } from "../identity/peer-chain.js";
import { tlsContext } from "../identity/tls-context.js";
import type { Peer } from "../identity/verify-peer.js";
import { vouchFor } from "../identity/vouch.js";
import { offeredBy } from "../token/reference.js";
import { voucherIn } from "../token/vouches.js";
import type { Trust } from "../trust/trust.js";
import type { Answered, Cancellable } from "./call-under-way.js";
import { grpcOptions } from "./grpc-options.js";
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
  /** Called when `vouches` has a new member. */
  onVouch?(): void;
}

/**
 * A grpc-js channel under one identity. Its certificate cannot be exchanged, so a renewal takes a new channel, on which the
 * old one is vouched for while there are streams on it.
 */
export interface Channel {
  readonly client: Client;
  /** The identity under which the channel was opened, or on which it rests since `rebind`. */
  readonly identity: Identity;
  /** See `ServerProof`. */
  readonly server: Peer | undefined;
  /** See `ServerProof`. */
  readonly refusal: InterlockError | undefined;
  /** See `ServerProof`. */
  readonly cut: InterlockError | undefined;
  /** The token that calls may refer to: the server has it from this connection, and has offered to take references. */
  readonly remembered: string | undefined;
  /**
   * Listens for what the server says of itself in an answer: that it takes references to `authorization`, which the call
   * shows whole, and how to vouch for its connection.
   */
  watchHeaders(call: Answered, authorization?: string): void;
  /** Forgets `remembered`: the server does not know it, because there is another server, or another connection. */
  forget(): void;
  /** See `ServerProof`. */
  isSpent(): boolean;
  /** Whether calls are under way on it. */
  readonly inUse: boolean;
  /** What is said on a newer channel so that this one outlives its certificates; see `vouchFor`. */
  readonly vouches: ReadonlySet<string>;
  /**
   * Rests the channel on the certificates of both sides of `newer`, on which it has been vouched for. False, and nothing
   * changes, where the server of `newer` is another bot.
   */
  rebind(newer: Channel): boolean;
  /** Keeps the channel open for a call, and cancels the call when the server is revoked. Gives what it is ended with. */
  begin(call: Cancellable): number;
  /** Ends what `begin` began. */
  end(place: number): void;
  /** Takes no new calls, and closes once those under way have ended. */
  retire(): void;
}

/** Opens a channel on which the server has to prove a SPIFFE ID of the fleet, and one of those that are meant. */
export function createChannel({ address, trust, clock, servers, onVouch, ...opened }: ChannelOptions): Channel {
  const client = opened.identity.leaf.thumbprint;
  const calls = createRoster<Cancellable>();
  const proof = createServerProof({ trust, clock, servers, calls });
  const vouches = new Set<string>();
  let { identity } = opened;
  let remembered: string | undefined;
  let retired = false;

  const context = createSecureContext(tlsContext(identity, trust.state.caCertificates));
  const secure = credentials.createFromSecureContext(context, {
    // Written out, because the environment (NODE_TLS_REJECT_UNAUTHORIZED) changes the default.
    rejectUnauthorized: true,
    // Node would compare names with host names, and takes no notice of URIs.
    checkServerIdentity(_host: string, peer: PeerCertificate) {
      remembered = undefined; // This is a new connection, which has been shown nothing yet.
      return proof.check(chainOf(peer as DetailedPeerCertificate));
    },
  });
  const grpc = new Client(address, secure, grpcOptions(address, trust.state.trustDomain));

  function closeWhenDone(): void {
    if (!retired || calls.size > 0) return;
    proof.close();
    grpc.close();
  }

  return {
    client: grpc,
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
    get remembered() {
      // The next connection knows nothing of what this one was told.
      if (grpc.getChannel().getConnectivityState(false) !== connectivityState.READY) remembered = undefined;
      return remembered;
    },
    watchHeaders(call, authorization) {
      call.once("metadata", (metadata) => {
        const { shown } = proof;
        const offerer = offeredBy(metadata);
        if (authorization !== undefined && offerer !== undefined && offerer === shown) remembered = authorization;
        const voucher = voucherIn(metadata);
        if (voucher === undefined || !proof.server) return;
        const known = vouches.size;
        vouches.add(vouchFor({ voucher, client, server: shown }));
        if (vouches.size > known) onVouch?.();
      });
    },
    forget() {
      remembered = undefined;
    },
    isSpent: proof.isSpent,
    get inUse() {
      return calls.size > 0;
    },
    vouches,
    rebind(newer) {
      if (!newer.server || newer.cut || !proof.rebind(newer.server)) return false;
      identity = newer.identity;
      return true;
    },
    begin: calls.join,
    end(place) {
      calls.leave(place);
      closeWhenDone();
    },
    retire() {
      retired = true;
      closeWhenDone();
    },
  };
}
