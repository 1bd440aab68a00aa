import type { Socket } from "node:net";
import { CallCredentials, ChannelCredentials } from "@grpc/grpc-js";
import { type ServerCheck, secureSocket } from "../transport/secure-socket.js";

type Connector = ReturnType<ChannelCredentials["_createSecureConnector"]>;
type Connected = Awaited<ReturnType<Connector["connect"]>>;

/**
 * The credentials of a channel of grpc-js whose server is decided on by `server.check`.
 *
 * They stand in for `credentials.createFromSecureContext`, because grpc-js hands out the socket only after Node has converted
 * the server's certificates, which can end the process: see `withoutConversion`.
 *
 * `connected` gets the TCP socket of each connection, before its handshake.
 */
export function secureCredentials(
  server: ServerCheck,
  connected: (socket: Socket) => void = () => {},
): ChannelCredentials {
  return new SecureCredentials(server, connected);
}

class SecureCredentials extends ChannelCredentials {
  readonly #server: ServerCheck;
  readonly #connected: (socket: Socket) => void;

  constructor(server: ServerCheck, connected: (socket: Socket) => void) {
    super();
    this.#server = server;
    this.#connected = connected;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    ...[target, options]: Parameters<ChannelCredentials["_createSecureConnector"]>
  ): Connector {
    const calls = CallCredentials.createEmpty();
    const servername = options["grpc.ssl_target_name_override"] ?? hostOf(target);
    return {
      connect: (socket) => this.#connect(socket, servername),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => calls,
      destroy() {},
    };
  }

  #connect(socket: Socket, servername: string): Promise<Connected> {
    this.#connected(socket);
    return new Promise((resolve, reject) => {
      const secure = secureSocket(socket, servername, this.#server);
      secure.once("secureConnect", () => resolve({ socket: secure, secure: true }));
      secure.once("close", () => reject(new Error("The connection was closed in the handshake.")));
      secure.on("error", reject);
    });
  }
}

/** The host of a target of grpc-js, as it derives the name of the server from it. */
function hostOf({ scheme, path }: Parameters<ChannelCredentials["_createSecureConnector"]>[0]): string {
  return scheme?.startsWith("unix") ? "localhost" : path.replace(/:\d+$/, "");
}
