import type { Socket } from "node:net";
import { type ConnectionOptions, connect, type SecureContext } from "node:tls";
import { CallCredentials, ChannelCredentials } from "@grpc/grpc-js";
import { peerChain, withoutConversion } from "../identity/peer-chain.js";

type Connector = ReturnType<ChannelCredentials["_createSecureConnector"]>;
type Connected = Awaited<ReturnType<Connector["connect"]>>;

/**
 * The credentials of a channel whose server is decided on by `check`, after TLS has authorized it: from its chain, DER, the
 * leaf first, to the reason to refuse it.
 *
 * They stand in for `credentials.createFromSecureContext`, because grpc-js hands out the socket only after Node has converted
 * the server's certificates, which can end the process: see `withoutConversion`.
 */
export function secureCredentials(
  context: SecureContext,
  check: (found: readonly Uint8Array[]) => Error | undefined,
): ChannelCredentials {
  return new SecureCredentials(context, check);
}

class SecureCredentials extends ChannelCredentials {
  readonly #context: SecureContext;
  readonly #check: (found: readonly Uint8Array[]) => Error | undefined;

  constructor(context: SecureContext, check: (found: readonly Uint8Array[]) => Error | undefined) {
    super();
    this.#context = context;
    this.#check = check;
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
    return new Promise((resolve, reject) => {
      const options: ConnectionOptions = {
        socket,
        servername,
        secureContext: this.#context,
        ALPNProtocols: ["h2"],
        // Written out, because the environment (NODE_TLS_REJECT_UNAUTHORIZED) changes the default.
        rejectUnauthorized: true,
        // Node would compare names with host names, and takes no notice of URIs.
        checkServerIdentity: () => this.#check(peerChain(secure)),
      };
      const secure = withoutConversion(connect(options));
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
