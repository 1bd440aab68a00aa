import type { SecureContext } from "node:tls";
import { connect } from "node:tls";

/** Makes one handshake with what `secureContext` shows. Resolves when the server has closed, with whether it did. */
export async function shakeHands(
  port: number,
  secureContext: SecureContext,
  protocol = "h2",
): Promise<"close" | "open"> {
  const socket = connect({
    host: "127.0.0.1",
    port,
    secureContext,
    ALPNProtocols: [protocol],
    rejectUnauthorized: false,
    minVersion: "TLSv1.3",
  });
  socket.on("error", () => {}).resume();
  const closed = new Promise<"close">((resolve) => socket.once("close", () => resolve("close")));
  const late = new Promise<"open">((resolve) => setTimeout(() => resolve("open"), 4_000).unref());
  const answer = await Promise.race([closed, late]);
  socket.destroy();
  return answer;
}

/** Counts answers by kind. */
export function createTally(): {
  add(answer: string): void;
  readonly answers: Readonly<Record<string, number>>;
  readonly sent: number;
} {
  const answers: Record<string, number> = {};
  let sent = 0;
  return {
    answers,
    get sent() {
      return sent;
    },
    add(answer) {
      sent++;
      answers[answer] = (answers[answer] ?? 0) + 1;
    },
  };
}
