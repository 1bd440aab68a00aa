import { isIP } from "node:net";
import { createSecureContext, type DetailedPeerCertificate, type PeerCertificate } from "node:tls";
import {
  Client,
  connectivityState,
  credentials,
  type ChannelOptions as GrpcOptions,
  type Metadata,
} from "@grpc/grpc-js";
import { matchesIdentity } from "@interlock/policy";
import { setAlarm } from "../base/alarm.js";
import type { Clock } from "../base/clock.js";
import { denial, type InterlockError } from "../base/error.js";
import { createRoster } from "../base/roster.js";
import type { Identity } from "../identity/identity.js";
import { chainOf } from "../identity/peer-chain.js";
import { tlsContext } from "../identity/tls-context.js";
import { type Peer, verifyPeer } from "../identity/verify-peer.js";
import { vouchFor } from "../identity/vouch.js";
import { offeredBy } from "../token/reference.js";
import { voucherIn } from "../token/vouches.js";
import { rootOf } from "../trust/root-of.js";
import type { Trust, TrustChange } from "../trust/trust.js";

/** What a channel stands on. */
export interface ChannelOptions {
  /** `host:port`, or any target that grpc-js resolves. */
  readonly address: string;
  readonly identity: Identity;
  readonly trust: Trust;
  readonly clock: Clock;
  /** Identity patterns, one of which the server has to match; empty for any bot of the fleet. */
  readonly servers: readonly string[];
  /** Is told when there is one more thing in `vouches`. */
  onVouch?(): void;
}

/** A call under way, to a channel. */
export interface Cancellable {
  cancel(): void;
}

/** A call whose answer's metadata can be listened for. */
export interface Answered {
  once(event: "metadata", listener: (metadata: Metadata) => void): unknown;
}

/**
 * A grpc-js channel under one identity. Its certificate cannot be exchanged, so a renewal takes a new channel, on which the
 * old one is vouched for while there are streams on it.
 */
export interface Channel {
  readonly client: Client;
  /** Under which it was opened, or on which it rests by now. */
  readonly identity: Identity;
  /** Who was let through last, and with what; or on what that rests by now. */
  readonly server: Peer | undefined;
  /** Why the server was refused in the latest handshake, if it was. */
  readonly refusal: InterlockError | undefined;
  /** Why the server that was last let through is shut out, if it is; its calls have been canceled then. */
  readonly cut: InterlockError | undefined;
  /** The token that calls may refer to: the server has it from this connection, and has offered to take references. */
  readonly remembered: string | undefined;
  /**
   * Listens for what the server says of itself in an answer: that it takes references to `authorization`, which the call
   * shows whole, and how to vouch for its connection.
   */
  watchHeaders(call: Answered, authorization?: string): void;
  /** The server knows nothing of it: there may be another one, or another connection. */
  forget(): void;
  /** Whether what the server proved itself with holds no more: it is shut out, its CA is, or its certificate has run out. */
  isSpent(): boolean;
  /** Whether calls are under way on it. */
  readonly inUse: boolean;
  /** What is to be said on a newer channel, so that this one outlives its certificates; see `vouchFor`. */
  readonly vouches: ReadonlySet<string>;
  /**
   * It has been vouched for on `newer`, and rests on the certificates of both sides there. False, and nothing changes, where
   * that is another bot's.
   */
  rebind(newer: Channel): boolean;
  /** Keeps the channel open for a call, and cancels the call when the server is shut out. Gives what it is ended with. */
  begin(call: Cancellable): number;
  /** The call is over. */
  end(place: number): void;
  /** Takes no new calls; closes when those under way are over. */
  retire(): void;
}

/** How long a server whose root has been withdrawn has to prove itself anew before its calls are canceled, in milliseconds. */
const proveAnewMs = 3_000;

const options: GrpcOptions = {
  // Subchannels must not be shared with a channel of another identity, or with another library's in this process.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_http_proxy": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_channelz": 0, // Counters that nothing here reads.
  "grpc.max_receive_message_length": 4 * 1024 * 1024,
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 5_000,
};

/** Opens a channel on which the server has to prove a SPIFFE ID of the fleet, and one that is meant. */
export function createChannel(given: ChannelOptions): Channel {
  const { address, trust, clock, servers, onVouch } = given;
  const client = given.identity.leaf.thumbprint;
  let { identity } = given;
  let refusal: InterlockError | undefined;
  let server: Peer | undefined;
  let handshake = ""; // The thumbprint that the server showed on the latest connection.
  let others: readonly Peer[] = []; // Of connections before, on which there may be calls under way.
  let earlier: readonly Peer[] = []; // What it rested on before.
  let cut: InterlockError | undefined;
  let orphaned = false; // The root that it leads to is trusted no longer.
  let retired = false;
  let remembered: string | undefined;
  const calls = createRoster<Cancellable>();
  const vouches = new Set<string>();
  let cancel: (() => void) | undefined;

  const context = createSecureContext(tlsContext(identity, trust.state.caCertificates));
  const secure = credentials.createFromSecureContext(context, {
    rejectUnauthorized: true, // Said, because the environment (NODE_TLS_REJECT_UNAUTHORIZED) can change what is unsaid.
    // Node compares names with host names, and takes no notice of URIs.
    checkServerIdentity(_host: string, peer: PeerCertificate) {
      refusal = checkServer(peer as DetailedPeerCertificate);
      return refusal;
    },
  });
  const grpc = new Client(address, secure, channelOptions(address, trust.state.trustDomain));

  function checkServer(peer: DetailedPeerCertificate): InterlockError | undefined {
    const { trustDomain, caCertificates } = trust.state;
    const { peerRevoked: revoked } = trust;
    const expected = { peer: "server", trustDomain, now: clock.now(), caCertificates, revoked } as const;
    const verified = verifyPeer(chainOf(peer), expected);
    if (typeof verified === "string") return denial(verified);
    const { id, certificate } = verified;
    if (servers.length > 0 && !servers.some((pattern) => matchesIdentity(pattern, id.name))) {
      const needed = servers.join(" ");
      return denial("SERVER_IDENTITY_MISMATCH", `${needed} was meant, and it is ${id.name}`, { needed, held: id.name });
    }
    const busy = calls.size > 0;
    others = busy ? proofs().filter((peer) => peer.certificate.thumbprint !== certificate.thumbprint) : [];
    if (!busy) earlier = [];
    server = verified;
    handshake = certificate.thumbprint;
    orphaned = isOrphaned();
    return undefined;
  }

  /** What the calls under way stand on. */
  function proofs(): Peer[] {
    return server ? [server, ...others] : [];
  }

  function isOrphaned(): boolean {
    return proofs().some((peer) => rootOf(peer.chain, trust.state) === undefined);
  }

  function review({ caChanged }: TrustChange): void {
    if (!server || cut) return;
    const shown = [...proofs(), ...earlier];
    const reason = shown.map(({ id, certificate }) => trust.peerRevoked(id.uri, certificate)).find(Boolean);
    if (reason) {
      end(denial(reason));
      return;
    }
    if (!caChanged) return;
    orphaned = isOrphaned();
    if (!orphaned) return;
    // Its root has been withdrawn. Nothing new begins here, and what is under way goes on only if the server proves itself
    // anew, on a newer channel.
    cancel?.();
    cancel = setAlarm(clock, clock.now() + proveAnewMs, () => {
      if (orphaned) end(denial("CERTIFICATE_UNTRUSTED"));
    });
  }

  function end(error: InterlockError): void {
    cut = error;
    for (const call of calls) call.cancel();
  }

  const unsubscribe = trust.onChange(review);

  function closeWhenDone(): void {
    if (!retired || calls.size > 0) return;
    unsubscribe();
    cancel?.();
    grpc.close();
  }

  return {
    client: grpc,
    get identity() {
      return identity;
    },
    get server() {
      return server;
    },
    get refusal() {
      return refusal;
    },
    get cut() {
      return cut;
    },
    get remembered() {
      // The next connection knows nothing of what this one was told.
      if (grpc.getChannel().getConnectivityState(false) !== connectivityState.READY) remembered = undefined;
      return remembered;
    },
    watchHeaders(call, authorization) {
      call.once("metadata", (metadata) => {
        const offerer = offeredBy(metadata);
        if (authorization !== undefined && offerer !== undefined && offerer === handshake) remembered = authorization;
        const voucher = voucherIn(metadata);
        if (voucher === undefined || !server) return;
        const known = vouches.size;
        vouches.add(vouchFor({ voucher, client, server: handshake }));
        if (vouches.size > known) onVouch?.();
      });
    },
    forget() {
      remembered = undefined;
    },
    isSpent: () =>
      cut !== undefined || orphaned || (server !== undefined && clock.now() >= server.certificate.notAfter),
    get inUse() {
      return calls.size > 0;
    },
    vouches,
    rebind(newer) {
      const { server: proved } = newer;
      // Nobody can say of another bot's connection that it is his.
      if (!proved || newer.cut || proofs().some(({ id }) => id.uri !== proved.id.uri)) return false;
      earlier = [...earlier, ...proofs()].filter(({ certificate }) => certificate.notAfter > clock.now());
      others = [];
      identity = newer.identity;
      server = proved;
      orphaned = isOrphaned();
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

/** How grpc-js connects to `address`. */
export function channelOptions(address: string, serverName: string): GrpcOptions {
  const host = address.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  // RFC 6066, section 3: a server name is never an IP address. Who answers is told by a SPIFFE ID in any case.
  return isIP(host) ? { ...options, "grpc.ssl_target_name_override": serverName } : options;
}
