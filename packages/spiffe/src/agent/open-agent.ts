import { createServer as createSocketServer, type Server as SocketServer } from "node:net";
import { isAbsolute } from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { type Bot, InterlockError } from "@interlock/bot";
import { listenPrivately, partsOf, toGrpcService } from "@interlock/bot/internal";
import { SecretDiscoveryService } from "../gen/envoy/service/secret/v3/sds_interlock.js";
import { SpiffeWorkloadAPI } from "../gen/spiffe/workload/workload_interlock.js";
import { createDoorkeeper, type Doorkeeper } from "./doorkeeper.js";
import { createSecretService } from "./secret-service.js";
import { watchStanding } from "./standing.js";
import { listenForUser } from "./user-socket.js";
import { createWorkloadService } from "./workload-service.js";

/** How an agent is opened. */
export interface AgentOptions {
  /**
   * The absolute path of its Unix socket, at most 103 bytes. Only the user of the agent connects to it, unless one of the two options
   * that follow says otherwise.
   */
  readonly socket: string;
  /**
   * The ids of other users that get a socket of their own each, at `<folder of socket>/<id>/<name of socket>`; `socket` itself is not
   * opened then. Needs root, or CAP_CHOWN. At most 64. Default: none.
   */
  readonly allowUids?: readonly number[] | undefined;
  /** The id of a group whose members connect to `socket`, too. Not together with `allowUids`. Default: none. */
  readonly allowGid?: number | undefined;
  /** How many streams may be open at once on each socket, so that one user leaves others theirs. Default: 256. */
  readonly maximumStreams?: number | undefined;
  /** How many connections each socket may have at once. Default: 64. */
  readonly maximumConnections?: number | undefined;
}

/** An agent that is open. */
export interface Agent {
  /** The addresses of its sockets, as `SPIFFE_ENDPOINT_SOCKET` has them: `unix:///run/interlock/agent.sock`. */
  readonly addresses: readonly string[];
  /** The number of streams that are open now. */
  readonly streams: number;
  /** Ends every stream and every connection, and removes the sockets. */
  close(): Promise<void>;
}

/** A socket of an agent, with bounds of its own. */
interface OpenSocket {
  readonly door: Doorkeeper;
  end(): Promise<void>;
}

/** The longest path of a Unix socket that every system takes, in bytes: macOS has 104 with the NUL at its end. */
const longestPath = 103;
/** The longest name that is made within a folder: that of a socket before it is given away. */
const staging = "/.new-XXXXXX/s";
/** How many sockets an agent may have. */
const maximumUsers = 64;
/** The bounds of each connection. A request names a few secrets, and no header is long. */
const limits = {
  "grpc.max_concurrent_streams": 32,
  "grpc.max_receive_message_length": 65_536,
  "grpc.max_metadata_size": 16_384,
  "grpc-node.max_session_memory": 4,
};

/**
 * Gives out the identity of a bot to programs on this machine: by the SPIFFE Workload API, and by Envoy's secret discovery (SDS), on
 * Unix sockets. Every process that may connect becomes this bot. New certificates are given out as they come; once the bot is revoked,
 * or its certificate has run out, every stream ends with PERMISSION_DENIED, and nothing is given out.
 *
 * @throws InterlockError `FAILED_PRECONDITION` where a socket cannot be opened safely; `INVALID_ARGUMENT` for wrong options.
 *
 * @example
 * ```ts
 * const bot = await joinFleet({ authority: "localhost:7443", name: "vision/1", joinToken });
 * const agent = await openAgent(bot, { socket: "/run/interlock/agent.sock" });
 * console.log(`SPIFFE_ENDPOINT_SOCKET=${agent.addresses[0]}`);
 * ```
 */
export async function openAgent(bot: Bot, options: AgentOptions): Promise<Agent> {
  checkOptions(options);
  const { socket, allowUids = [], allowGid, maximumStreams = 256, maximumConnections = 64 } = options;
  const { identity, trust, clock, log } = partsOf(bot);
  const standing = watchStanding({ identity, trust, clock, log });
  const opened: OpenSocket[] = [];
  const addresses: string[] = [];
  let closing: Promise<void> | undefined;

  async function open(listen: (server: SocketServer) => Promise<{ path: string; remove(): Promise<void> }>) {
    const door = createDoorkeeper(standing, maximumStreams);
    const grpc = new Server(limits);
    grpc.addService(toGrpcService(SpiffeWorkloadAPI), createWorkloadService(door));
    grpc.addService(toGrpcService(SecretDiscoveryService), createSecretService(door, log));
    const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
    const server = createSocketServer((connection) => injector.injectConnection(connection));
    server.maxConnections = maximumConnections;
    const { path, remove } = await listen(server).catch((error) => {
      server.close();
      door.close();
      grpc.forceShutdown();
      throw error;
    });
    server.on("error", (error) => log.error("a connection to the agent was not taken", { error: String(error) }));
    opened.push({
      door,
      async end() {
        const closed = new Promise((resolve) => server.close(resolve));
        door.close();
        injector.drain(goodbyeMs);
        await closed;
        injector.destroy();
        await remove();
        grpc.forceShutdown();
      },
    });
    addresses.push(`unix://${path}`);
  }

  async function end(): Promise<void> {
    standing.close();
    await Promise.all(opened.map((one) => one.end()));
  }

  try {
    for (const uid of allowUids) await open((server) => listenForUser(server, socket, uid));
    if (allowUids.length === 0) {
      await open(async (server) => {
        await listenPrivately(server, socket, { gid: allowGid });
        return { path: socket, remove: async () => {} };
      });
    }
  } catch (error) {
    await end();
    throw error;
  }
  return {
    addresses,
    get streams() {
      return opened.reduce((sum, { door }) => sum + door.streams, 0);
    },
    close: () => (closing ??= end()),
  };
}

/** How long the last answers may take to be read, in milliseconds. */
const goodbyeMs = 1_000;

function checkOptions({ socket, allowUids = [], allowGid }: AgentOptions): void {
  const fault = (message: string) => new InterlockError("INVALID_ARGUMENT", message);
  if (process.platform === "win32") throw fault("An agent needs Unix sockets, which this system does not have.");
  if (!isAbsolute(socket) || socket.endsWith("/") || socket.includes("\0")) {
    throw fault("The socket of an agent is an absolute path, such as /run/interlock/agent.sock.");
  }
  const longest = Buffer.byteLength(socket) + (allowUids.length > 0 ? staging.length : 0);
  if (longest > longestPath)
    throw fault(`The path of a Unix socket has at most ${longestPath} bytes: choose a shorter one.`);
  if (allowUids.length > 0 && allowGid !== undefined) throw fault("Allow users or a group, and not both.");
  if (allowUids.length > maximumUsers) throw fault(`At most ${maximumUsers} users have a socket.`);
  if (new Set(allowUids).size !== allowUids.length) throw fault("A user is named twice.");
  for (const id of [...allowUids, ...(allowGid === undefined ? [] : [allowGid])]) {
    if (!Number.isInteger(id) || id < 0 || id > 4_294_967_294)
      throw fault("The id of a user or a group is a whole number.");
  }
}
