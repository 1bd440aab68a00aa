import { Duplex } from "node:stream";
import { type Limits, limitsOf } from "../limits/limits.js";
import type { RawFrame } from "../testing/index.js";
import { Session } from "./session.js";

// What the tests of this folder share. The name keeps it out of the package.

/** A session over a socket in memory, whose other end says nothing and never closes it, and the frames of a type that it has sent. */
export function memorySession(
  isServer: boolean,
  limits: Partial<Limits> = {},
): { session: Session; socket: Duplex; sent(type: number): RawFrame[] } {
  const written: Buffer[] = [];
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written.push(Buffer.from(chunk));
      done();
    },
  });
  const session = new Session(socket, {}, { limits: limitsOf(limits), now: () => 0 }, isServer);
  const sent = (wanted: number): RawFrame[] => {
    session.sender.flush();
    const bytes = Buffer.concat(written);
    const found: RawFrame[] = [];
    for (let at = 0; at < bytes.length; ) {
      const [length, type, flags] = [bytes.readUIntBE(at, 3), bytes[at + 3] as number, bytes[at + 4] as number];
      const payload = bytes.subarray(at + 9, at + 9 + length);
      if (type === wanted) found.push({ type, flags, streamId: bytes.readUInt32BE(at + 5), payload });
      at += 9 + length;
    }
    return found;
  };
  return { session, socket, sent };
}
