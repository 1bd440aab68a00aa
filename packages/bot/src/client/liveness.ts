import type { Socket } from "node:net";
import type { ConnectionTimes } from "./connection-times.js";

/** What {@link createLiveness} works with. */
export interface LivenessOptions extends Pick<ConnectionTimes, "silenceMs" | "answerMs"> {
  /** Asks the server for any answer at all; settles after `answerMs` at the latest, and rejects with why there was none. */
  ask(): Promise<unknown>;
  /** Called once, when the server has vanished: nothing has come from it, not even the answer. */
  vanished(): void;
}

/** Watches whether the server of a channel is still there while something is waited for. */
export interface Liveness {
  /** The channel has a connection, which may be a new one, or one more. */
  connected(socket: Socket): void;
  /** A call begins. `answered` says whether it waits for one answer; a stream may be silent for as long as it likes. */
  begin(answered: boolean): void;
  /** A call ends; `answered` as it began. */
  end(answered: boolean): void;
  close(): void;
}

/** How long what has arrived may take to be read in a process that is busy, in milliseconds. */
const readMs = 100;

/**
 * Watches a connection by the bytes that come. While a call waits for its answer, or something was written and nothing has
 * come since, and nothing comes for `silenceMs`, it asks. If nothing has come in `answerMs` either, the server has vanished:
 * a machine without power, or a cable that is out, ends no connection.
 *
 * It asks with a call, and not with an HTTP/2 PING: grpc-go and grpcio close connections with more than a few of those in
 * five minutes. A stream on which neither side has anything to say is left to the TCP keepalive, which costs the server
 * nothing: `silenceMs` and ten probes, a second apart.
 *
 * A server that drains takes no question on its connection, and none on another one: that its machine refuses the connection
 * is the sign of life. Had the server ended, the machine would have ended the connection that is there, too.
 */
export function createLiveness({ silenceMs, answerMs, ask, vanished }: LivenessOptions): Liveness {
  const sockets = new Set<Socket>();
  const gone = { read: 0, written: 0 }; // What the sockets have carried that are closed.
  let connections = 0;
  let calls = 0;
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;
  let heard: Mark = { connection: 0, read: 0, written: 0 };
  let writtenBefore = 0; // When it was looked at last.
  let waitingSince: number | undefined;
  let asking = false;
  let closed = false;

  function mark(): Mark {
    let { read, written } = gone;
    for (const socket of sockets) {
      read += socket.bytesRead;
      written += socket.bytesWritten;
    }
    return { connection: connections, read, written };
  }

  /** Whether anything has come since a mark. */
  const hasHeard = ({ connection, read }: Mark): boolean => {
    const now = mark();
    return now.connection !== connection || now.read !== read;
  };

  /** Notes what has come. What was written from `written` bytes on, may not have been answered by it. */
  function hear(written: number): void {
    heard = { ...mark(), written };
    waitingSince = undefined;
  }

  function look(): void {
    const now = performance.now();
    if (hasHeard(heard)) hear(writtenBefore);
    writtenBefore = mark().written;
    if (waiting > 0 || (calls > 0 && writtenBefore > heard.written)) waitingSince ??= now;
    if (waitingSince === undefined) {
      if (calls === 0) stop();
    } else if (!asking && now - waitingSince >= silenceMs) void check();
  }

  async function check(): Promise<void> {
    asking = true;
    const before = mark();
    const isThere = await ask().then(() => false, isRefused);
    // This process may have been too busy to read an answer in time.
    await new Promise((resolve) => setTimeout(resolve, readMs).unref());
    asking = false;
    if (closed) return;
    if (isThere || hasHeard(before)) hear(mark().written);
    else vanished();
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    connected(next) {
      sockets.add(next);
      connections++;
      next.once("close", () => {
        sockets.delete(next);
        gone.read += next.bytesRead;
        gone.written += next.bytesWritten;
      });
      if (Number.isFinite(silenceMs)) next.setKeepAlive(true, silenceMs);
    },
    begin(answered) {
      calls++;
      if (answered) waiting++;
      if (timer !== undefined || closed || !Number.isFinite(silenceMs + answerMs)) return;
      heard = mark();
      writtenBefore = heard.written;
      timer = setInterval(look, Math.max(10, Math.min(silenceMs / 4, 500))).unref();
    },
    end(answered) {
      calls--;
      if (answered) waiting--;
    },
    close() {
      closed = true;
      stop();
    },
  };
}

/** Whether a machine has said that nothing listens there; of a socket of this machine, that there is none any more. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && /\b(ECONNREFUSED|ENOENT)\b/.test(error.message);
}

/** How far a connection has come. */
interface Mark {
  /** Counts the connections of the channel. */
  readonly connection: number;
  readonly read: number;
  readonly written: number;
}
