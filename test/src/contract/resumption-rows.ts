import { once } from "node:events";
import { createServer, type TLSSocket } from "node:tls";
import type { Identity } from "@interlock/bot";
import { closeOf, rawTls, shows, tlsContext } from "@interlock/bot/testing";
import { type EchoStage, echoStage } from "./echo-stage.js";
import type { Answer, Row } from "./row.js";

export const resumptionRows: readonly Row[] = [
  {
    row: 5,
    attack: "TLS session resumed after the certificate expired",
    async play() {
      const stage = await echoStage();
      return stage.play(
        [
          {
            name: "at once",
            answer: "close",
            reason: "CERTIFICATE_EXPIRED",
            async attack() {
              const { ca } = stage.fleet;
              // TLS uses the machine's clock, so this test really waits, until the server itself ends the connection.
              const notAfter = Math.ceil((Date.now() + 300) / 1_000) * 1_000;
              const identity = await ca.issue("spiffe://test/brief/1", { notAfter });
              const { socket, session } = await firstConnection(stage.server.port, identity);
              await closeOf(socket);
              return resume(stage.server.port, identity, session);
            },
          },
        ],
        { control: () => control(stage) },
      );
    },
  },
  {
    row: 6,
    attack: "TLS session resumed after revocation",
    async play() {
      const stage = await echoStage();
      const after = (kind: "identity" | "certificate" | "pattern") => ({
        name: `a revoked ${kind}`,
        answer: "close" as const,
        reason: kind === "certificate" ? ("CERTIFICATE_REVOKED" as const) : ("IDENTITY_REVOKED" as const),
        async attack() {
          const identity = await stage.fleet.ca.issue(`spiffe://test/gone/${kind}`);
          const { socket, session } = await firstConnection(stage.server.port, identity);
          socket.destroy();
          const subject = { identity: identity.spiffeId.uri, certificate: identity.leaf.serial, pattern: "gone/*" };
          stage.fleet.revoke(kind, subject[kind]);
          return resume(stage.server.port, identity, session);
        },
      });
      return stage.play([after("identity"), after("certificate"), after("pattern")], { control: () => control(stage) });
    },
  },
];

/** The control: the same client does resume a session at a server that permits it. */
async function control({ fleet, server }: EchoStage): Promise<void> {
  const identity = await fleet.ca.issue("spiffe://test/caller/4");
  const context = { ...tlsContext(identity, [fleet.ca.der]), secureOptions: 0, sessionTimeout: 300 };
  const lax = createServer({ ...context, requestCert: true }, (socket) => socket.on("error", () => {}));
  lax.listen(0, "127.0.0.1");
  await once(lax, "listening");
  const { port } = lax.address() as { port: number };
  const { socket, session } = await firstConnection(port, identity);
  socket.destroy();
  const second = rawTls(port, { ...shows(identity), session }).on("error", () => {});
  await once(second, "secureConnect");
  const reused = second.isSessionReused();
  second.destroy();
  lax.close();
  if (!reused) throw new Error("this client does not resume sessions at all");
  await server.goodCall();
}

async function firstConnection(port: number, identity: Identity): Promise<{ socket: TLSSocket; session: Buffer }> {
  const socket = rawTls(port, shows(identity)).on("error", () => {});
  const [session] = (await once(socket, "session")) as [Buffer];
  return { socket: socket.resume(), session };
}

/** Returns with a session: the server resumes nothing, and checks the certificate again. */
async function resume(port: number, identity: Identity, session: Buffer): Promise<Answer> {
  const options = { ...shows(identity), session };
  const socket = rawTls(port, options).on("error", () => {});
  const closed = closeOf(socket.resume());
  await Promise.race([new Promise((resolve) => socket.once("secureConnect", resolve)), closed]);
  // A resumed session would skip the certificate. In TLS 1.3 the client learns of it before the server checks anything.
  if (socket.isSessionReused()) throw new Error("the session was resumed");
  await closed;
  return "close";
}
