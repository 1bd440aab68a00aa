import { connect, createSecureContext, type TLSSocket } from "node:tls";
import type { Attack, AttackStage } from "../attack.js";

const perRound = 8;
const roundMs = 50;
const most = 1_000;

/** Keeps `held` connections open without a certificate and says nothing; for each that the server closes, makes another. */
async function idle({ target, signal }: AttackStage, held: number, port: number, protocol: string) {
  const secureContext = createSecureContext({ minVersion: "TLSv1.3" });
  const sockets: TLSSocket[] = [];
  let closed = 0;
  while (!signal.aborted && sockets.length < most) {
    for (let i = 0; i < perRound && sockets.length - closed < held; i++) {
      const options = { host: "127.0.0.1", port, secureContext, ALPNProtocols: [protocol], rejectUnauthorized: false };
      const socket = connect(options).on("error", () => {});
      socket.resume().once("close", () => closed++);
      sockets.push(socket);
    }
    await new Promise((resolve) => setTimeout(resolve, roundMs));
  }
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  const seen = closed;
  for (const socket of sockets) socket.destroy();
  return { sent: sockets.length, answers: { close: seen }, note: `at port ${port === target.port ? "gRPC" : "HTTPS"}` };
}

const common = { row: 41, who: "S", target: "authority", allowed: ["close"] } as const;

export const idleStrangers: Attack = {
  ...common,
  name: "idle-strangers",
  title: "idle strangers at the enrollment door",
  probes: ["join", "token"],
  run: (stage) => idle(stage, 128, stage.target.port, "h2"),
};

export const idleHttps: Attack = {
  ...common,
  name: "idle-https",
  title: "idle strangers at the HTTPS port",
  probes: ["jwks", "token"],
  run: (stage) => idle(stage, 320, stage.target.httpsPort, "http/1.1"),
};
