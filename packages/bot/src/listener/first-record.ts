import type { Socket } from "node:net";

// A TLS record (RFC 8446, section 5.1): its type, two bytes of version, two of length. The longest is 16 KiB and a little.
const headerLength = 5;
const handshakeType = 22;
const maximumRecord = 16_384 + 256 + headerLength;

/**
 * Waits until a client's first TLS record has come as a whole, which is its hello, and calls `onceComplete`; what has been
 * read is put back. What is no TLS counts as complete at once. A client that says half a hello costs a socket, and no TLS.
 */
export function awaitFirstRecord(socket: Socket, onceComplete: () => void): void {
  let read = Buffer.alloc(0);
  function onReadable(): void {
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
      read = Buffer.concat([read, chunk]);
    }
    if (!isComplete(read)) return;
    socket.off("readable", onReadable);
    socket.unshift(read);
    onceComplete();
  }
  socket.on("readable", onReadable);
}

function isComplete(read: Buffer): boolean {
  if (read.length === 0) return false;
  if (read[0] !== handshakeType || read.length >= maximumRecord) return true;
  return read.length >= headerLength && read.length >= headerLength + read.readUInt16BE(3);
}
