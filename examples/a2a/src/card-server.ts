import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";

/** What the server of the card gives, as JSON. */
export interface CardDocuments {
  /** The signed card. */
  readonly card: unknown;
  /** The JWK Set with the keys of its signatures. */
  readonly keys: unknown;
}

/** A server that is open. */
export interface CardServer {
  readonly port: number;
  close(): void;
}

/**
 * Serves the agent's card where A2A looks for it, and the keys of its signatures, over HTTPS without a client's certificate: both
 * are public. Call `documents` only when asked: the card names the port.
 */
export async function serveCard(
  tls: { readonly certificate: string; readonly key: string },
  port: number,
  documents: () => CardDocuments,
): Promise<CardServer> {
  const server = createServer({ cert: tls.certificate, key: tls.key, minVersion: "TLSv1.3" }, (request, response) => {
    const { card, keys } = documents();
    const found = { "/.well-known/agent-card.json": card, "/.well-known/jwks.json": keys }[request.url ?? ""];
    const isRead = request.method === "GET" || request.method === "HEAD";
    response.statusCode = !isRead ? 405 : found === undefined ? 404 : 200;
    response.setHeader("content-type", "application/json");
    response.setHeader("cache-control", "max-age=300");
    response.end(response.statusCode === 200 ? JSON.stringify(found) : "{}");
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 5_000;
  server.maxConnections = 1_000;
  await once(server.listen(port, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
