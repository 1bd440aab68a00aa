import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A listener on 127.0.0.1 that accepts nothing. */
export interface Deaf {
  readonly port: number;
  stop(): void;
}

/** How many connections a queue of length 1 holds on Linux. */
const places = 2;

/**
 * Starts a listener that accepts nothing.
 *
 * @param free - How many places of its queue are left, from 0 to 2.
 */
export async function startDeaf(free: number): Promise<Deaf> {
  const child = fork(new URL("./deaf-process.js", import.meta.url), { execArgv: [] });
  const [port] = (await once(child, "message")) as [number];
  child.kill("SIGSTOP");
  const sockets: Socket[] = [];
  for (let i = 0; i < places - free; i++) {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    sockets.push(socket);
    await once(socket, "connect");
  }
  return {
    port,
    stop() {
      child.kill("SIGKILL");
      for (const socket of sockets) socket.destroy();
    },
  };
}
