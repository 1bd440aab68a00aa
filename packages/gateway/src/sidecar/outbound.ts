import { createServer, type Socket } from "node:net";
import { type Bot, type Caller, InterlockError } from "@interlock/bot";
import {
  listenPrivately,
  methodNotAllowed,
  partsOf,
  type RequestHead,
  requestHeadOf,
  requireWire,
  toStatus,
  trailersOnlyOf,
  unsupportedMediaType,
} from "@interlock/bot/internal";
import { expectedServers } from "@interlock/policy";
import {
  type Connection,
  createServerConnection,
  type DecodedBlock,
  errorCode,
  type HeaderList,
  type Stream,
  type StreamHandler,
} from "@interlock/wire";
import { createAccessLog, type TellCall } from "../access-log.js";
import { BotWay } from "../forward/bot-way.js";
import { ForwardedCall } from "../forward/forwarded-call.js";
import { overloaded } from "../limits/overloaded.js";
import { completeRoutes, type Routes } from "../routes/routes.js";
import { formatLocalAddress, readLocalAddress } from "./local-address.js";
import { type LocalProgram, OutboundCall } from "./outbound-call.js";
import { createOutboundMethods } from "./outbound-methods.js";

/** How the program beside the sidecar calls the fleet. */
export interface OutboundOptions {
  /**
   * Where the program calls the sidecar, by gRPC without TLS: `unix:///path`, in a folder that nobody else enters, or a port of
   * loopback. Every process that reaches it calls in the name of the bot.
   */
  readonly listen: string;
  /** Has to be true for a port of loopback, which every user and every container that shares the network of this machine reaches. */
  readonly openToLocalUsers?: boolean | undefined;
  /** The services that the program may call. Others are answered UNIMPLEMENTED. */
  readonly services: Routes;
  /** One of how many calls that went well is logged; 0 for none. Each that failed is. Default: 100. */
  readonly logSample?: number | undefined;
  /** How many connections the program may have at once. Default: 64. */
  readonly maximumConnections?: number | undefined;
  /** How many calls the program may have open at once. Default: 1,024. */
  readonly maximumCalls?: number | undefined;
}

/** Where the program beside the sidecar calls the fleet. */
export interface Outbound {
  /** `unix:///path`, or `host:port`. */
  readonly address: string;
  /** What is open now: connections of the program, its calls, and connections to bots. */
  open(): { readonly connections: number; readonly calls: number; readonly upstream: number };
  /** Refuses new calls, lets the open ones finish, then closes. */
  close(graceMs?: number): Promise<void>;
}

/** How many bytes of requests the program may have under way: eight of the largest messages. */
const requestBytes = 32 * 1_024 * 1_024;

/**
 * Listens for the calls of the program beside the sidecar. They go on as calls of the bot: to the service that their path names, over
 * mutual TLS, with the bot's own tokens. What the program sends under `authorization` and `interlock-` stays here.
 *
 * @throws InterlockError `FAILED_PRECONDITION` where the address is not private, or cannot be listened on, and with
 *   `INTERLOCK_TRANSPORT=grpc-js`; a `TypeError` for services that cannot be called.
 */
export async function openOutbound(bot: Bot, options: OutboundOptions): Promise<Outbound> {
  requireWire();
  const parts = partsOf(bot);
  const { identity, clock, log, recorder } = parts;
  const { logSample = 100, maximumConnections = 64, maximumCalls = 1_024 } = options;
  const where = readLocalAddress(options.listen);
  if ("port" in where && options.openToLocalUsers !== true) {
    const remedy = "listen on unix:///path, or set openToLocalUsers";
    throw new InterlockError("FAILED_PRECONDITION", `Every user of this machine reaches ${options.listen}: ${remedy}.`);
  }
  const methods = createOutboundMethods(
    parts,
    completeRoutes(options.services, (service) => expectedServers(service, bot.name)),
  );
  const program: LocalProgram = {
    uri: bot.spiffeId.uri,
    load: { calls: 0, bytes: 0 },
    clock,
    requestBytesPerPeer: requestBytes,
  };
  const connections = new Set<Connection>();
  const writeLine = createAccessLog(log, logSample);
  let onEmpty = () => {};

  const tell: TellCall = (call) => {
    program.load.calls--;
    recorder.called.of(call.method).record(call.code === 0 ? "answered" : "failed", call.code, call.ms);
    writeLine(call);
  };

  function accept(socket: Socket): void {
    const connection = createServerConnection(socket, {
      onStream: (stream, block, end) => arrive(stream, block, end),
      onClose({ error }) {
        connections.delete(connection);
        if (error !== undefined) log.error("a connection ended by a fault of this sidecar", { error: String(error) });
        if (connections.size === 0) onEmpty();
      },
    });
    connections.add(connection);
  }

  function arrive(stream: Stream, block: DecodedBlock | undefined, end: boolean): StreamHandler {
    if (!block) return refuse(stream, new InterlockError("RESOURCE_EXHAUSTED", "The headers are too large."));
    const head = requestHeadOf(block);
    const method = methods.find(head.path);
    const fault = faultOf(head);
    if (fault) return refuse(stream, fault);
    if (!method) return refuse(stream, unknown(head.path));
    if (program.load.calls >= maximumCalls) return refuse(stream, overloaded("the program behind the sidecar"));
    program.load.calls++;
    const call = new OutboundCall(stream, head, method.served, program);
    stream.handler = call;
    const way = new BotWay(method.source, undefined, head, method.made);
    new ForwardedCall(call, { caller: self() }, call.request, method.made, way, tell).begin();
    if (end) call.request.end();
    return call;
  }

  /** The program, as the caller that the log names. */
  function self(): Caller {
    const certificate = identity.current().leaf;
    const { spiffeId, name } = bot;
    return { spiffeId, name, actors: [], scopes: none, certificate, address: "" };
  }

  const server = createServer({ noDelay: true }, accept);
  server.maxConnections = maximumConnections;
  if ("path" in where) await listenPrivately(server, where.path);
  else await listenOn(server, where);
  server.on("error", (error) => log.error("a connection of the program was not taken", { error: String(error) }));
  let closing: Promise<void> | undefined;

  async function end(graceMs = 10_000): Promise<void> {
    server.close();
    for (const connection of connections) connection.close();
    if (connections.size > 0) {
      const forced = setTimeout(() => {
        for (const connection of connections) connection.destroy();
      }, graceMs);
      await new Promise<void>((resolve) => (onEmpty = resolve));
      clearTimeout(forced);
    }
    methods.close();
  }

  return {
    address: formatLocalAddress(where),
    open: () => ({ connections: connections.size, calls: program.load.calls, upstream: methods.connections }),
    close: (graceMs) => (closing ??= end(graceMs)),
  };
}

const none: ReadonlySet<string> = new Set();

function listenOn(server: ReturnType<typeof createServer>, where: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(new InterlockError("FAILED_PRECONDITION", `The sidecar cannot listen: ${error.message}.`));
    server.once("error", fail);
    server.listen(where, () => {
      server.off("error", fail);
      resolve();
    });
  });
}

function faultOf(head: RequestHead): InterlockError | HeaderList | undefined {
  if (head.method !== "POST") return methodNotAllowed;
  if (!head.isGrpc) return unsupportedMediaType;
  if (head.timeoutMs === "malformed") return new InterlockError("INTERNAL", "The grpc-timeout is malformed.");
  return undefined;
}

function unknown(path: string): InterlockError {
  const service = path.split("/")[1] ?? "";
  const remedy = `name ${service} under outbound, with a manifest that has the method`;
  return new InterlockError("UNIMPLEMENTED", `The sidecar passes no calls of ${path} on: ${remedy}.`);
}

function refuse(stream: Stream, fault: InterlockError | HeaderList): StreamHandler {
  if (fault instanceof InterlockError) {
    const { code, details, metadata } = toStatus(fault);
    stream.sendHeaders(trailersOnlyOf(code, details, metadata), true);
  } else stream.sendHeaders(fault, true, true);
  if (!stream.remoteEnded) stream.reset(errorCode.noError);
  return nobody;
}

/** Reads nothing of a stream that is over. */
const nobody: StreamHandler = { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
