import { connect, type Socket } from "node:net";
import { Duplex, PassThrough } from "node:stream";
import { connect as connectTls, createSecureContext } from "node:tls";
import type { Attack } from "../attack.js";

const connections = 900;

/** A whole hello, as Node's TLS writes it. */
async function hello(): Promise<Buffer> {
  const sent = new PassThrough();
  const socket = connectTls({
    socket: Duplex.from({ readable: new PassThrough(), writable: sent }) as Socket,
    secureContext: createSecureContext({ minVersion: "TLSv1.3" }),
  }).on("error", () => {});
  const [chunk] = await new Promise<[Buffer]>((resolve) => sent.once("data", (data: Buffer) => resolve([data])));
  socket.destroy();
  return chunk;
}

export const halfHandshakes: Attack = {
  name: "half-handshakes",
  row: 40,
  title: "hundreds of handshakes that stop half way: half a hello, or a whole one and nothing after it",
  who: "S",
  target: "bot",
  probes: ["echo", "connect"],
  allowed: ["close"],
  async run({ target, signal }) {
    const whole = await hello();
    const half = whole.subarray(0, whole.length / 2);
    const sockets: Socket[] = [];
    let closed = 0;
    for (let sent = 0; sent < connections && !signal.aborted; sent++) {
      const socket = connect(target.port, "127.0.0.1").on("error", () => {});
      socket.resume().once("close", () => closed++);
      socket.write(sent % 2 === 0 ? whole : half);
      sockets.push(socket);
      if (sent % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 25));
    }
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    const seen = closed;
    for (const socket of sockets) socket.destroy();
    return { sent: sockets.length, answers: { close: seen } };
  },
};
