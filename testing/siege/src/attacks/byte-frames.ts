import type { Attack } from "../attack.js";
import { tally } from "./raw-answer.js";
import { beginRawCall, dataFrame } from "./raw-frames.js";

const connections = 24;
/** What fits in a connection's window at the start, so that no update of it has to be waited for. */
const frames = 60_000;
const framesOfAWrite = 4_000;

export const byteFrames: Attack = {
  name: "byte-frames",
  row: 44,
  title: "messages that come in frames of one byte and never end",
  who: "B",
  target: "bot",
  probes: ["echo", "connect"],
  bots: ["mallory/1"],
  allowed: ["8", "close"],
  async run({ target, bots: [bot], signal }) {
    if (!bot) throw new Error("the attack needs a bot");
    const { answers, count } = tally();
    const head = Buffer.alloc(5);
    head.writeUInt32BE(frames + 1, 1);
    const many = Buffer.concat(Array(framesOfAWrite).fill(dataFrame(Buffer.alloc(1))));
    let sent = 0;
    const sockets = await Promise.all(
      Array.from({ length: connections }, async () => {
        const socket = await beginRawCall(bot, target.port, "/test.EchoService/Open");
        // The end of a stream without a message: nothing but a refusal is.
        socket.once("answered", () => count("8"));
        socket.once("close", () => count("close"));
        socket.write(dataFrame(head));
        for (let written = 0; written < frames && !signal.aborted && !socket.destroyed; written += framesOfAWrite) {
          if (!socket.write(many)) await new Promise((resolve) => socket.once("drain", resolve).once("close", resolve));
          sent += framesOfAWrite;
        }
        return socket;
      }),
    );
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    const seen = { ...answers };
    for (const socket of sockets) socket.destroy();
    return { sent, answers: seen };
  },
};
