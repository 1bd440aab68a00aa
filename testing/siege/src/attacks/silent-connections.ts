import { connect, type Socket } from "node:net";
import type { Attack } from "../attack.js";

const connections = 5_000;

export const silentConnections: Attack = {
  name: "silent-connections",
  row: 40,
  title: "thousands of TCP connections that say nothing",
  who: "S",
  target: "bot",
  probes: ["echo", "connect"],
  allowed: ["close"],
  async run({ target, signal }) {
    let closed = 0;
    const sockets: Socket[] = [];
    for (let sent = 0; sent < connections && !signal.aborted; sent++) {
      const socket = connect(target.port, "127.0.0.1").on("error", () => {});
      socket.once("close", () => closed++);
      sockets.push(socket);
      if (sent % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    const seen = closed;
    for (const socket of sockets) socket.destroy();
    return { sent: sockets.length, answers: { close: seen } };
  },
};
