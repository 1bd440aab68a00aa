import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import {
  addAdminServicesToServer,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  type ServerOptions,
  status,
} from "@grpc/grpc-js";
import type { Certificates } from "./certificates.js";
import type { Target } from "./target.js";

/** How a server is secured. */
export type Security = "insecure" | "tls" | "mtls" | "asks";

/** The path of the unary method of every server that is scanned. */
export const touch = "/probe.v1.Target/Touch";

const identity = (bytes: Buffer) => bytes;

/** Starts a grpc-js server with one method of each kind, whose handlers count. An insecure one has channelz and health, too. */
export async function startGrpcJs(security: Security, certificates?: Certificates, guarded = false): Promise<Target> {
  let count = 0;
  const options: ServerOptions = guarded ? { interceptors: [refuseWithoutToken] } : {};
  const server = new Server(options);
  const run = () => void count++;
  for (const [name, type] of [
    ["Touch", "unary"],
    ["Watch", "serverStream"],
    ["Upload", "clientStream"],
    ["Chat", "bidi"],
  ])
    server.register(`/probe.v1.Target/${name}`, run as never, identity as never, identity as never, type as string);
  if (security === "insecure") {
    addAdminServicesToServer(server);
    server.register("/grpc.health.v1.Health/Check", (() => {}) as never, identity as never, identity as never, "unary");
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const take = (socket: Socket) => {
    sockets.add(socket.on("error", () => {}));
    injector.injectConnection(socket);
  };
  const { ca, cert, key } = certificates ?? {};
  const listener =
    security === "insecure"
      ? createTcpServer(take)
      : createTlsServer(
          {
            ...{ cert, key, ca, ALPNProtocols: ["h2"] },
            requestCert: security !== "tls",
            rejectUnauthorized: security === "mtls",
          },
          take,
        );
  listener.on("tlsClientError", () => {});
  await once(listener.listen(0, "127.0.0.1"), "listening");
  return {
    port: (listener.address() as AddressInfo).port,
    count: () => count,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.forceShutdown();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** Refuses each call without a token, as soon as its headers are there. */
const refuseWithoutToken: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start(next) {
      next(
        new ServerListenerBuilder()
          .withOnReceiveMetadata((metadata, go) => {
            if (metadata.get("authorization").length > 0) go(metadata);
            else call.sendStatus({ code: status.UNAUTHENTICATED, details: "no token" });
          })
          .build(),
      );
    },
  });
