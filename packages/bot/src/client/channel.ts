import { isIP } from "node:net";
import { createSecureContext, type PeerCertificate } from "node:tls";
import {
  Client,
  connectivityState,
  credentials,
  type ChannelOptions as GrpcOptions,
  type Metadata,
} from "@grpc/grpc-js";
import { matchesIdentity, type SpiffeId } from "@interlock/policy";
import type { Clock } from "../clock.js";
import { denial, type InterlockError } from "../error.js";
import { type Certificate, parseCertificate } from "../identity/certificate.js";
import { checkCertificate } from "../identity/check-certificate.js";
import type { Identity } from "../identity/identity.js";
import { tlsContext } from "../identity/tls-context.js";
import { createRoster } from "../roster.js";
import { offeredBy } from "../token/reference.js";
import type { Trust } from "../trust/trust.js";

/** What a channel stands on. */
export interface ChannelOptions {
  /** `host:port`, or any target that grpc-js resolves. */
  readonly address: string;
  readonly identity: Identity;
  readonly trust: Trust;
  readonly clock: Clock;
  /** Identity patterns, one of which the server has to match; empty for any bot of the fleet. */
  readonly servers: readonly string[];
}

/** A call under way, to a channel. */
export interface Cancellable {
  cancel(): void;
}

/** A call whose answer's metadata can be listened for. */
export interface Answered {
  once(event: "metadata", listener: (metadata: Metadata) => void): unknown;
}

/** A grpc-js channel under one identity. Its certificate cannot be exchanged, so a renewal takes a new channel. */
export interface Channel {
  readonly client: Client;
  readonly identity: Identity;
  /** Why the server was refused in the latest handshake, if it was. */
  readonly refusal: InterlockError | undefined;
  /** Why the server that was last let through is shut out, if it is; its calls have been cancelled then. */
  readonly cut: InterlockError | undefined;
  /** The token that calls may refer to: the server has it from this connection, and has offered to take references. */
  readonly remembered: string | undefined;
  /** Listens for that offer in the answer to a call that shows `authorization` whole. */
  heed(call: Answered, authorization: string): void;
  /** The server knows nothing of it: there may be another one, or another connection. */
  forget(): void;
  /** Whether what the server proved itself with holds no more: it is shut out, or its certificate has run out. */
  isSpent(): boolean;
  /** Whether calls are under way on it, and new ones may come. */
  readonly inUse: boolean;
  /** Keeps the channel open for a call, and cancels the call when the server is shut out. Gives what it is ended with. */
  begin(call: Cancellable): number;
  /** The call is over. */
  end(place: number): void;
  /** Takes no new calls; closes when those under way are over. */
  retire(): void;
}

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
export function createChannel({ address, identity, trust, clock, servers }: ChannelOptions): Channel {
  let refusal: InterlockError | undefined;
  let server: { id: SpiffeId; certificate: Certificate } | undefined;
  let cut: InterlockError | undefined;
  let retired = false;
  let remembered: string | undefined;
  const calls = createRoster<Cancellable>();

  const context = createSecureContext(tlsContext(identity, trust.state.caCertificates));
  const secure = credentials.createFromSecureContext(context, {
    rejectUnauthorized: true, // Said, because the environment (NODE_TLS_REJECT_UNAUTHORIZED) can change what is unsaid.
    // Node compares names with host names, and takes no notice of URIs.
    checkServerIdentity(_host: string, peer: PeerCertificate) {
      refusal = checkServer(peer.raw);
      return refusal;
    },
  });
  const client = new Client(address, secure, channelOptions(address, trust.state.trustDomain));

  function checkServer(der: Uint8Array): InterlockError | undefined {
    let certificate: Certificate;
    try {
      certificate = parseCertificate(der);
    } catch (error) {
      return denial("CERTIFICATE_MALFORMED", "", {}, error);
    }
    const { trustDomain } = trust.state;
    const id = checkCertificate(certificate, { peer: "server", trustDomain, now: clock.now() });
    if (typeof id === "string") return denial(id);
    const revoked = trust.peerRevoked(id.uri, certificate);
    if (revoked) return denial(revoked);
    if (servers.length > 0 && !servers.some((pattern) => matchesIdentity(pattern, id.name))) {
      const needed = servers.join(" ");
      return denial("SERVER_IDENTITY_MISMATCH", `${needed} was meant, and it is ${id.name}`, { needed, held: id.name });
    }
    server = { id, certificate };
    return undefined;
  }

  const unsubscribe = trust.onChange(() => {
    const reason = server && trust.peerRevoked(server.id.uri, server.certificate);
    if (!reason || cut) return;
    cut = denial(reason);
    for (const call of calls) call.cancel();
  });

  function closeWhenDone(): void {
    if (!retired || calls.size > 0) return;
    unsubscribe();
    client.close();
  }

  return {
    client,
    identity,
    get refusal() {
      return refusal;
    },
    get cut() {
      return cut;
    },
    get remembered() {
      // The next connection knows nothing of what this one was told.
      if (client.getChannel().getConnectivityState(false) !== connectivityState.READY) remembered = undefined;
      return remembered;
    },
    heed(call, authorization) {
      call.once("metadata", (metadata) => {
        const offerer = offeredBy(metadata);
        if (offerer !== undefined && offerer === server?.certificate.thumbprint) remembered = authorization;
      });
    },
    forget() {
      remembered = undefined;
    },
    isSpent: () => cut !== undefined || (server !== undefined && clock.now() >= server.certificate.notAfter),
    get inUse() {
      return calls.size > 0 && !retired;
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
