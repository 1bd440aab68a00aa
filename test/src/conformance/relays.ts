import { once } from "node:events";
import { type AddressInfo, createServer, connect as plainConnect, type Server, type Socket } from "node:net";
import { pipeline, type Transform } from "node:stream";
import { createServer as createTlsServer, connect as tlsConnect } from "node:tls";
import { type Bot, certificatesToPem } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { addAuthorization } from "./add-header.js";

// The clients and servers of others cannot prove an identity of a fleet: their certificates hold no SPIFFE ID, and no flag gives
// them others. So a relay stands next to them as the bot that they have no identity for. It terminates TLS and passes the bytes of
// HTTP/2 on, so that the frames arrive as the other end made them.

/** A relay that listens. */
export interface Relay {
  readonly port: number;
  close(): void;
}

/**
 * Opens a relay for a client of others to a server of ours: plain HTTP/2 on this side, mutual TLS as `bot` on the other. Each
 * request gets the bot's token for `audience`.
 */
export async function relayToBot(
  bot: Bot,
  authority: string,
  audience: string,
  scope: string,
  port: number,
): Promise<Relay> {
  const token = await issueToken(bot, authority, audience, scope);
  return listen(createServer({ noDelay: true }), "connection", (socket) => {
    const server = tlsConnect({
      ...identityOf(bot),
      port,
      host: "127.0.0.1",
      ALPNProtocols: ["h2"],
      checkServerIdentity,
    });
    server.setNoDelay(true);
    join(socket, server, addAuthorization(`Bearer ${token}`));
  });
}

/** Opens a relay for a client of ours to a server of others: mutual TLS as `bot` on this side, plain HTTP/2 on the other. */
export async function relayFromBot(bot: Bot, host: string, port: number): Promise<Relay> {
  const options = { ...identityOf(bot), requestCert: true, ALPNProtocols: ["h2"], minVersion: "TLSv1.3" as const };
  return listen(createTlsServer(options), "secureConnection", (socket) => {
    socket.setNoDelay(true);
    join(socket, plainConnect({ port, host, noDelay: true }));
  });
}

/** Has the authority issue a token for `bot`, as its own clients do. */
export async function issueToken(bot: Bot, authority: string, audience: string, scope: string): Promise<string> {
  using client = bot.client(AuthorityService, authority);
  const { token } = await client.issueToken({ audience, scopes: [scope] });
  return token;
}

/** The certificate of a bot, its key, and the CA that it trusts. */
export function identityOf(bot: Bot) {
  const { privateKey, chain } = bot.identity.current();
  const ca = certificatesToPem(bot.trust.state.caCertificates);
  return { key: privateKey, cert: certificatesToPem(chain), ca };
}

/** The CA has been checked; the name is a SPIFFE ID, and any bot of the fleet will do. */
export const checkServerIdentity = () => undefined;

function join(client: Socket, server: Socket, between?: Transform): void {
  // Errors end both: a reset of one end is a reset of the other.
  const end = () => {
    client.destroy();
    server.destroy();
  };
  if (between) pipeline(client, between, server, end);
  else pipeline(client, server, end);
  pipeline(server, client, end);
}

async function listen(server: Server, event: string, onSocket: (socket: Socket) => void): Promise<Relay> {
  const sockets = new Set<Socket>();
  server.on(event, (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    onSocket(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
