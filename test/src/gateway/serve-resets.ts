import { once } from "node:events";
import { constants, createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { certificatesToPem } from "@interlock/bot";
import type { TestFleet } from "@interlock/bot/testing";

/** A server that resets every call with ENHANCE_YOUR_CALM, which gRPC reads as RESOURCE_EXHAUSTED. */
export interface ResettingServer {
  readonly address: string;
  readonly port: number;
  close(): void;
}

/** Starts one, with the identity of a bot of the fleet. */
export async function serveResets(fleet: TestFleet): Promise<ResettingServer> {
  const identity = await fleet.ca.issue("spiffe://test/echo/2");
  const server = createSecureServer({
    key: identity.privateKey,
    cert: certificatesToPem(identity.chain),
    ca: certificatesToPem([fleet.ca.der]),
    requestCert: true,
    minVersion: "TLSv1.3",
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session.on("error", () => {})));
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    port,
    close() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}
