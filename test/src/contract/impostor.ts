import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { type Bot, certificatesToPem, type Identity, InterlockError, type Reason } from "@interlock/bot";
import { EchoService, type LeafOptions } from "@interlock/bot/testing";
import type { EchoStage } from "./echo-stage.js";
import type { Answer, Variant } from "./row.js";

/** A TLS server with the wrong identity, which records the bytes that it gets. */
export interface Impostor {
  readonly address: string;
  /** The number of bytes after the handshake. */
  heard(): number;
  close(): void;
}

/** Starts an impostor with any certificate. */
export async function openImpostor({ privateKey, chain }: Pick<Identity, "privateKey" | "chain">): Promise<Impostor> {
  let heard = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ key: privateKey, cert: certificatesToPem(chain), ALPNProtocols: ["h2"] });
  server.on("secureConnection", (socket: TLSSocket) => {
    socket.on("data", (data: Buffer) => (heard += data.length)).on("error", () => {});
  });
  server.on("tlsClientError", () => {});
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard: () => heard,
    close() {
      server.close();
      // grpc-js waits forever for a server that is silent in the handshake, even when its client is closed.
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A server certificate that a client must reject. */
export interface ImpostorLeaf {
  readonly name: string;
  readonly leaf: LeafOptions;
  /** The reason that our client reports; if TLS itself refuses, that the server cannot be reached. */
  readonly reason?: Reason;
}

/** Our client calls servers with such leaves: it closes, and sends nothing of the call. */
export function impostorVariants(stage: EchoStage, leaves: readonly ImpostorLeaf[]): Variant[] {
  return leaves.map(({ name, leaf, reason = "SERVER_UNREACHABLE" }) => ({
    name,
    answer: "close",
    async attack() {
      const { keys, der } = await stage.fleet.ca.issueRaw(leaf);
      const impostor = await openImpostor({ privateKey: keys.privateKeyPem, chain: [der] });
      const bot = await stage.fleet.bot("caller/2");
      try {
        const answer = await callAs(bot, impostor.address, reason);
        if (impostor.heard() > 0) throw new Error(`the server was sent ${impostor.heard()} bytes`);
        return answer;
      } finally {
        await bot.close(0);
        impostor.close();
      }
    },
  }));
}

/** Calls a server that must be `echo/*`. */
export async function callAs(bot: Bot, address: string, reason?: Reason): Promise<Answer> {
  const client = bot.client({ ...EchoService, servedBy: ["echo/*"] }, address);
  try {
    await client.echo({ reason: "secret" }, { timeoutMs: 5_000 });
    return 0;
  } catch (error) {
    if (!(error instanceof InterlockError) || error.code !== "UNAVAILABLE" || error.reason !== reason) throw error;
    return "close";
  }
}
