import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect, type SecureContext, type TLSSocket } from "node:tls";
import { peerChain, withoutConversion } from "../identity/peer-chain.js";

/** How a client decides on its server. */
export interface ServerCheck {
  readonly context: SecureContext;
  /** Decides on the server, after TLS has authorized it, by its chain: DER, the leaf first. Gives the reason to refuse it. */
  check(found: readonly Uint8Array[]): Error | undefined;
}

/** Begins TLS on a connected socket, for HTTP/2. `servername` is for the server's choice of a certificate. */
export function secureSocket(socket: Duplex, servername: string, { context, check }: ServerCheck): TLSSocket {
  const options: ConnectionOptions = {
    socket,
    servername,
    secureContext: context,
    ALPNProtocols: ["h2"],
    // Written out, because the environment (NODE_TLS_REJECT_UNAUTHORIZED) changes the default.
    rejectUnauthorized: true,
    // Node would compare names with host names, and takes no notice of URIs.
    checkServerIdentity: () => check(peerChain(secure)),
  };
  const secure = withoutConversion(connect(options));
  return secure;
}
