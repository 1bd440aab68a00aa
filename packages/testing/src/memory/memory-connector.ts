import { ChannelCredentials, Client as GrpcClient } from "@grpc/grpc-js";
import { type ClientOptions, type Clock, type Identity, InterlockError, type Log, type Trust } from "@interlock/bot";
import {
  type Cancelable,
  type Channel,
  type Connector,
  createDeprecationLog,
  createRetryBudget,
  createRoster,
  createServerProof,
  type Recorder,
  SharedMetadata,
  type TokenNeed,
} from "@interlock/bot/internal";
import { MemoryChannel } from "./memory-channel.js";
import { MemoryLink } from "./memory-link.js";
import type { MemoryServer } from "./memory-server.js";

/** What the calls of a client in memory need. */
export interface MemoryConnectorOptions extends Pick<ClientOptions, "requestBytes" | "responseBytes"> {
  readonly identity: Identity;
  readonly trust: Trust;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
  /** Identity patterns, one of which the server has to match; empty for any bot of the fleet. */
  readonly servers: readonly string[];
  /** The server to call now. Throws where there is none. */
  find(): MemoryServer;
  /** Signs a token with those of the scopes that the caller has. */
  sign(scopes: readonly string[]): { readonly token: string; readonly expiresAt: number };
}

interface OpenChannel {
  readonly server: MemoryServer;
  readonly channel: Channel;
}

/**
 * Connects a client to servers in memory. It stands in for the part of a bot's client that finds addresses, watches networks and
 * renews certificates. Who the server is, it decides as a bot does (`createServerProof`).
 */
export function createMemoryConnector(options: MemoryConnectorOptions): Connector {
  const { recorder, clock, log, find } = options;
  const tokens = new Map<
    string,
    { readonly metadata: SharedMetadata; readonly value: string; readonly expiresAt: number }
  >();
  let current: OpenChannel | undefined;
  let closed = false;

  function channelTo(server: MemoryServer): Channel {
    if (current?.server === server && !current.channel.cut) return current.channel;
    current?.channel.retire();
    current = { server, channel: openChannel(server, options) };
    return current.channel;
  }

  function tokenFor({ key, scopes }: TokenNeed) {
    const known = tokens.get(key);
    if (known && clock.now() < known.expiresAt) return known;
    const { token, expiresAt } = options.sign(scopes);
    const value = `Bearer ${token}`;
    const metadata = new SharedMetadata();
    metadata.set("authorization", value);
    const signed = { metadata, value, expiresAt };
    tokens.set(key, signed);
    return signed;
  }

  return {
    durations: recorder.called,
    deprecations: createDeprecationLog(log, clock),
    retries: createRetryBudget(),
    credentials(need) {
      if (closed) throw new InterlockError("CANCELLED", "The client has been closed.");
      const channel = channelTo(find());
      if (!need) return { channel, metadata: new SharedMetadata(), refers: false };
      const { metadata, value } = tokenFor(need);
      return { channel, metadata, authorization: value, refers: false };
    },
    keep: () => undefined,
    overdue: () => new InterlockError("DEADLINE_EXCEEDED", "The deadline passed before the call began."),
    reconnect() {
      current?.channel.retire();
      current = undefined;
    },
    explain(channel, thrown) {
      if (channel.cut) return channel.cut;
      const error = InterlockError.from(thrown);
      return error.code === "UNAVAILABLE" && channel.refusal ? channel.refusal : error;
    },
    open: () => ({ channels: current ? 1 : 0, calls: current?.channel.calls ?? 0 }),
    close() {
      closed = true;
      current?.channel.retire();
      current = undefined;
    },
  };
}

function openChannel(server: MemoryServer, options: MemoryConnectorOptions): Channel {
  const { identity, trust, clock, servers, requestBytes, responseBytes } = options;
  const calls = createRoster<Cancelable>();
  const proof = createServerProof({ trust, clock, servers, calls });
  const memory = new MemoryChannel(server.name, {
    connect: (events) => new MemoryLink(server.connect(), { identity, trust, proof, peer: server.name, ...events }),
    sendBytes: requestBytes,
    receiveBytes: responseBytes,
  });
  // The override is what carries the calls; grpc-js makes no connection with these credentials.
  const client = new GrpcClient(server.name, ChannelCredentials.createSsl(), { channelOverride: memory });
  let retired = false;

  function closeWhenDone(): void {
    if (!retired || calls.size > 0) return;
    proof.close();
    client.close();
  }

  return {
    client,
    address: server.name,
    identity,
    get server() {
      return proof.server;
    },
    get refusal() {
      return proof.refusal;
    },
    get cut() {
      return proof.cut;
    },
    remembers: () => false,
    watchHeaders() {},
    forget() {},
    isSpent: proof.isSpent,
    get calls() {
      return calls.size;
    },
    vouches: new Set(),
    rebind: () => false,
    begin: (call) => calls.join(call),
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
