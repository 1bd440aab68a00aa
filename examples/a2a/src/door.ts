import { once } from "node:events";
import {
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { type Bot, type CallOptions, type Client, Metadata } from "@interlock/bot";
import type { AnyMethod } from "@interlock/policy";
import { A2AService } from "./gen/lf/a2a/v1/a2a_interlock.js";
import { grpcStatus } from "./grpc-status.js";
import { refusal, type Stranger } from "./stranger-tokens.js";

/** How the door is opened. */
export interface DoorOptions {
  /** `host:port` to listen on; port 0 for any. */
  readonly address: string;
  /** The certificate of the door, of a CA that strangers know, and its key, PEM. */
  readonly certificate: string;
  readonly key: string;
  /** Verifies an `authorization` value. */
  readonly verify: (authorization: readonly unknown[]) => Promise<Stranger>;
  /** The members that act for strangers, by their names. */
  readonly members: ReadonlyMap<string, Bot>;
  /** What the fleet trusts; of a bot that is none of those members, because a member that is revoked hears no more. */
  readonly trust: Bot["trust"];
  /** `host:port` of the fleet's gateway. */
  readonly gateway: string;
}

/** A door that is open. */
export interface Door {
  readonly port: number;
  close(): void;
}

type A2AClient = Client<typeof A2AService>;
type AnyCall = ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>;

/** The metadata of A2A that passes; all else that a stranger sends stays outside. */
const passing = ["a2a-version", "a2a-extensions"];

/** No order is longer, in bytes. */
const maximumBytes = 262_144;

/**
 * Opens the door for agents of other organizations: gRPC over TLS with a bearer token of their own issuer, and no certificate. Their
 * token ends here. A call goes on as one of the member that stands for them, with the scopes of the method, through the gateway,
 * which exchanges that token (RFC 8693).
 *
 * Bounds: 256 KiB for a request, 100 open calls on a connection.
 */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const { address, certificate, key, verify, members, trust, gateway } = options;
  const clients = new Map<string, A2AClient>(
    [...members].map(([name, bot]) => [name, bot.client(A2AService, gateway)]),
  );
  const server = new Server({
    "grpc.max_receive_message_length": maximumBytes,
    "grpc.max_concurrent_streams": 100,
    "grpc.max_connection_idle_ms": 300_000,
  });
  const service: Record<string, MethodDefinition<unknown, unknown>> = {};
  const handlers: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(A2AService.methods)) {
    service[name] = definitionOf(method);
    handlers[name] = method.kind === "unary" ? answerOne(name, method) : answerMany(name, method);
  }
  server.addService(service, handlers);
  const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) };
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createSsl(null, [pair]), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, close: () => server.forceShutdown() };

  /**
   * The client of the member that stands for the caller, whose own organization must have given it the scopes, and the options of the
   * call that goes on.
   */
  async function admit(call: AnyCall, { policy }: AnyMethod): Promise<readonly [A2AClient, CallOptions]> {
    const { member, scopes, expiresAt } = await verify(call.metadata.get("authorization"));
    if (!policy.scopes.every((scope) => scopes.has(scope))) throw refusal("SCOPE_MISSING");
    const [bot, client] = [members.get(member), clients.get(member)];
    if (bot === undefined || client === undefined) throw refusal("CALLER_NOT_ALLOWED");
    if (trust.identityRevoked(bot.spiffeId)) throw refusal("IDENTITY_REVOKED");
    return [client, optionsOf(call, expiresAt)];
  }

  function answerOne(name: string, method: AnyMethod) {
    return async (call: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => {
      try {
        const [client, options] = await admit(call, method);
        const ask = client[name as keyof A2AClient] as (request: unknown, options: CallOptions) => Promise<unknown>;
        answer(null, await ask(call.request, options));
      } catch (error) {
        answer(grpcStatus(error));
      }
    };
  }

  function answerMany(name: string, method: AnyMethod) {
    return async (call: ServerWritableStream<unknown, unknown>) => {
      try {
        const [client, options] = await admit(call, method);
        const ask = client[name as keyof A2AClient] as unknown as (
          request: unknown,
          options: CallOptions,
        ) => AsyncIterable<unknown>;
        for await (const message of ask(call.request, options)) {
          // What a slow reader has not taken is not read from the fleet either.
          if (!call.write(message) && !call.cancelled) await drained(call);
          if (call.cancelled) return;
        }
        call.end();
      } catch (error) {
        call.emit("error", grpcStatus(error));
      }
    };
  }
}

/** The options of the call that goes on: the caller's deadline, its end, that of its token, and what A2A says of versions. */
function optionsOf(call: AnyCall, expiresAt: number): CallOptions {
  const ended = new AbortController();
  call.on("cancelled", () => ended.abort());
  const expiry = setTimeout(() => ended.abort(refusal("TOKEN_EXPIRED")), expiresAt - Date.now());
  call.on("close", () => clearTimeout(expiry)).on("finish", () => clearTimeout(expiry));
  expiry.unref();
  const metadata = new Metadata();
  for (const name of passing) for (const value of call.metadata.get(name)) metadata.add(name, value);
  const deadline = Number(call.getDeadline());
  const left = Number.isFinite(deadline) ? { timeoutMs: Math.max(1, deadline - Date.now()) } : {};
  return { signal: ended.signal, metadata, ...left };
}

async function drained(call: ServerWritableStream<unknown, unknown>): Promise<void> {
  const done = new AbortController();
  const events = ["drain", "cancelled", "close"].map((event) => once(call, event, { signal: done.signal }));
  await Promise.race(events).finally(() => done.abort());
}

function definitionOf({ path, kind, request, response }: AnyMethod): MethodDefinition<unknown, unknown> {
  return {
    path,
    requestStream: false,
    responseStream: kind !== "unary",
    requestSerialize: (message: unknown) => Buffer.from(request.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => request.decode(bytes),
    responseSerialize: (message: unknown) => Buffer.from(response.encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => response.decode(bytes),
  };
}
