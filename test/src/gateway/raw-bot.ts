import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { type Bot, certificatesToPem } from "@interlock/bot";
import { type Connection, createServerConnection, type Stream, type StreamHandler } from "@interlock/wire";

/** A bot that speaks HTTP/2 by hand: what it does with a call is the test's. */
export interface RawBot {
  readonly address: string;
  /** The calls that have come to it, but for health checks. */
  readonly calls: number;
  /** The health checks. */
  readonly checks: number;
  /** Takes no new connections. */
  stop(): void;
  close(): void;
}

const unimplemented = [":status", "200", "content-type", "application/grpc", "grpc-status", "12", "grpc-message", ""];

/** Serves with the certificate of a bot. It has no health service. */
export async function serveRaw(
  { identity }: Bot,
  take: (stream: Stream, connection: Connection) => StreamHandler,
): Promise<RawBot> {
  const { privateKey, chain } = identity.current();
  const open = new Set<Connection>();
  let [calls, checks] = [0, 0];
  const server = createServer(
    { key: privateKey, cert: certificatesToPem(chain), ALPNProtocols: ["h2"], minVersion: "TLSv1.3" },
    (socket) => {
      socket.on("error", () => {});
      const connection: Connection = createServerConnection(socket, {
        onStream(stream, block) {
          const { headers = [] } = block ?? {};
          if (headers[headers.indexOf(":path") + 1]?.startsWith("/grpc.health.v1.")) {
            checks++;
            stream.sendHeaders(unimplemented, true);
            return ignore(stream);
          }
          calls++;
          return take(stream, connection);
        },
        onClose: () => void open.delete(connection),
      });
      open.add(connection);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get calls() {
      return calls;
    },
    get checks() {
      return checks;
    },
    stop: () => void server.close(),
    close() {
      server.close();
      for (const connection of open) connection.destroy();
    },
  };
}

/** Reads a request and does nothing with it. */
export function ignore(stream: Stream): StreamHandler {
  return { onHeaders() {}, onData: (bytes) => stream.consumed(bytes.length), onReset() {}, onRoom() {} };
}
