import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/** A socket whose bytes are counted before TLS sees them. */
export interface ScreenedSocket extends Duplex {
  /** Stops counting: the handshake is done. */
  release(): void;
}

/**
 * Puts a counter in front of TLS: where the handshake is not done after `maximumBytes`, it destroys the socket, and TLS never
 * has enough of a long message to begin with it. What the client sends behind its handshake is not counted. The rest of the
 * connection's life goes through the counter as well, at some microseconds for each chunk, so it is for sources that have
 * given a reason.
 */
export function screen(socket: Socket, maximumBytes: number): ScreenedSocket {
  let left = maximumBytes;
  let waiting: Buffer = Buffer.alloc(0); // One chunk at the most: the socket is paused until TLS has taken it.
  const screened = new Duplex({
    allowHalfOpen: false,
    read() {
      feed();
      if (waiting.length === 0) socket.resume();
    },
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });

  function feed(): void {
    while (waiting.length > 0) {
      const size = Math.min(left, waiting.length);
      if (size === 0) {
        // TLS has had its share. It may not have looked at all of it yet.
        if (screened.readableLength === 0) socket.destroy();
        else socket.pause();
        return;
      }
      left -= size;
      const share = waiting.subarray(0, size);
      waiting = waiting.subarray(size);
      // TLS takes it at once, and where this ends the handshake, `release` has been called when this returns.
      if (!screened.push(share)) socket.pause();
    }
  }

  socket.on("data", (chunk: Buffer) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    feed();
  });
  socket.once("end", () => void screened.push(null));
  socket.once("close", () => screened.destroy());
  socket.on("error", (error) => screened.destroy(error));
  return Object.assign(screened, {
    release() {
      left = Number.POSITIVE_INFINITY;
    },
  });
}
