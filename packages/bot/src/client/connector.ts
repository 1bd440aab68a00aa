import type { Client as GrpcClient } from "@grpc/grpc-js";
import { Metadata } from "@grpc/grpc-js";
import type { ServiceDefinition } from "@interlock/policy";
import type { Clock } from "../clock.js";
import { InterlockError } from "../error.js";
import type { IdentitySource } from "../identity/identity.js";
import type { TokenSource } from "../token/token-source.js";
import type { Trust } from "../trust/trust.js";
import { type Channel, createChannel } from "./channel.js";

/** What clients of one bot have in common. */
export interface ConnectorOptions {
  readonly identity: IdentitySource;
  readonly trust: Trust;
  readonly tokens: TokenSource;
  readonly clock: Clock;
}

/** A channel with the credentials for one call on it. */
export interface Lease {
  readonly grpc: GrpcClient;
  readonly metadata: Metadata;
  /** Aborts when the server is shut out. */
  readonly signal: AbortSignal;
  /** The call is over. */
  release(): void;
  /** An error of the call, in our terms. */
  explain(error: unknown): InterlockError;
}

/** Keeps a channel to one server current: its certificate, its CA, its token. */
export interface Connector {
  /** At once where the token is at hand. */
  lease(): Lease | Promise<Lease>;
  close(): void;
}

/** Connects to `service` at `address`, with a token for no more than that service and its scopes. */
export function createConnector(
  service: ServiceDefinition,
  address: string,
  servers: readonly string[],
  { identity, trust, tokens, clock }: ConnectorOptions,
): Connector {
  const scopes = [...new Set(Object.values(service.methods).flatMap(({ policy }) => policy.scopes))].sort();
  let channel: Channel | undefined;
  let authorised: { authorization: string; metadata: Metadata } | undefined;
  let closed = false;

  function renew(): void {
    channel?.retire();
    channel = undefined;
  }
  const unsubscribe = [
    identity.onChange(renew),
    trust.onChange(({ caChanged }) => {
      if (caChanged) renew();
    }),
  ];

  function lease(): Lease | Promise<Lease> {
    if (closed) throw new InterlockError("CANCELLED", "The client has been closed.");
    if (channel?.isSpent()) renew();
    channel ??= createChannel({ address, identity: identity.current(), trust, clock, servers });
    if (scopes.length === 0) return leaseOn(channel, new Metadata());
    const current = channel;
    const authorization = tokens.authorization(service.name, scopes, current.identity);
    if (typeof authorization === "string") return leaseOn(current, withToken(authorization));
    const release = current.begin();
    return authorization.then((value) => leaseOn(current, withToken(value))).finally(release);
  }

  // grpc-js copies the metadata of a call, so calls with the same token can share one object.
  function withToken(authorization: string): Metadata {
    if (authorised?.authorization !== authorization) {
      const metadata = new Metadata();
      metadata.set("authorization", authorization);
      authorised = { authorization, metadata };
    }
    return authorised.metadata;
  }

  function leaseOn(leased: Channel, metadata: Metadata): Lease {
    return {
      grpc: leased.client,
      metadata,
      signal: leased.signal,
      release: leased.begin(),
      explain(thrown) {
        const error = InterlockError.from(thrown);
        if (error.reason?.startsWith("TOKEN_")) tokens.forget(service.name);
        if (error.code === "UNAVAILABLE" && leased.refusal) return leased.refusal;
        return error;
      },
    };
  }

  return {
    lease,
    close() {
      closed = true;
      for (const end of unsubscribe) end();
      channel?.retire();
    },
  };
}
