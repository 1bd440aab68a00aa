import { once } from "node:events";
import { createServer } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import type { Bot } from "@interlock/bot";
import { checkServerIdentity, identityOf, issueToken, type Relay } from "./relays.js";

/**
 * Opens a relay for a client of others to the Connect port of a gateway of ours: plain HTTP/1.1 on this side, mutual TLS as `bot` on
 * the other. Each request gets the bot's token for `audience`; everything else goes on as it came.
 */
export async function relayToConnect(
  bot: Bot,
  authority: string,
  audience: string,
  scope: string,
  port: number,
): Promise<Relay> {
  const token = await issueToken(bot, authority, audience, scope);
  const agent = new Agent({ ...identityOf(bot), checkServerIdentity, keepAlive: true, maxSockets: 32 });
  const server = createServer((incoming, answer) => {
    const { method, url: path, rawHeaders } = incoming;
    const headers = [...rawHeaders, "authorization", `Bearer ${token}`];
    const onward = httpsRequest({ agent, host: "127.0.0.1", port, method, path, headers });
    onward.on("response", (response) => {
      answer.writeHead(response.statusCode ?? 500, response.rawHeaders);
      answer.flushHeaders();
      pipeline(response, answer, () => {});
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => !answer.writableFinished && onward.destroy());
    pipeline(incoming, onward, () => {});
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
}
