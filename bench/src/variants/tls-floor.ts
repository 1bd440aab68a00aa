import { once } from "node:events";
import { connect, createServer, type TLSSocket } from "node:tls";
import { makeCertificates } from "../certificates.js";
import type { EchoClient } from "../echo-client.js";
import { listen } from "../listen.js";
import type { NodeVariant } from "../variant.js";
import type { TlsSettings } from "./grpc-js.js";

// A frame: the length of its payload and how often it is to be sent back, four bytes each, and the payload.
const headerBytes = 8;

/** The most bytes of a stream in one write: those of a TLS record. */
const mostBytes = 16_384;

/**
 * The floor: the same bytes, with a length before them, echoed over a bare TLS socket with mutual authentication. There is no
 * HTTP/2, no gRPC and no protobuf. Answers come in the order of the requests.
 */
export const tlsFloor: NodeVariant<TlsSettings> = {
  async prepare() {
    return { settings: await makeCertificates(), close: async () => {} };
  },
  async serve({ server: { ca, certificate, key } }) {
    const options = { ca, cert: certificate, key, requestCert: true, rejectUnauthorized: true };
    return listen(createServer(options, serveSocket));
  },
  async connect({ client: { ca, certificate, key } }, address) {
    const port = Number(address.split(":")[1]);
    const socket = connect({ host: "localhost", port, ca, cert: certificate, key });
    await once(socket, "secureConnect");
    return createFloorClient(socket);
  },
};

function serveSocket(socket: TLSSocket): void {
  socket.setNoDelay();
  const read = createFrameReader();
  let streams: Promise<void> = Promise.resolve();
  socket.on("data", (chunk) => {
    const echoes: Buffer[] = [];
    read(chunk, (frame) => {
      const count = frame.readUInt32BE(4);
      if (count === 1) echoes.push(frame);
      else streams = streams.then(() => sendStream(socket, frame, count));
    });
    if (echoes.length > 0) socket.write(Buffer.concat(echoes));
  });
  socket.on("error", () => {}); // The client has ended.
}

async function sendStream(socket: TLSSocket, frame: Buffer, count: number): Promise<void> {
  const most = Math.max(1, Math.floor(mostBytes / frame.length));
  for (let rest = count; rest > 0; rest -= most) {
    const frames = Buffer.concat(Array(Math.min(most, rest)).fill(frame));
    if (!socket.write(frames)) await once(socket, "drain");
  }
}

/** What waits for its answer. */
interface Waiting {
  /** How many frames are still to come. */
  rest: number;
  onFrame(payload: Buffer): void;
  resolve(): void;
  reject(error: Error): void;
}

function createFloorClient(socket: TLSSocket): EchoClient {
  socket.setNoDelay();
  const read = createFrameReader();
  const waiting: Waiting[] = [];
  let unsent: Buffer[] = [];
  const fail = () => {
    for (const { reject } of waiting.splice(0)) reject(new Error("the connection has ended"));
  };
  socket.on("error", fail).on("close", fail);
  socket.on("data", (chunk) =>
    read(chunk, (frame) => {
      const [first] = waiting;
      if (!first) throw new Error("there is an answer that nobody has asked for");
      first.onFrame(frame.subarray(headerBytes));
      if (--first.rest > 0) return;
      waiting.shift();
      first.resolve();
    }),
  );

  function ask(payload: Uint8Array, count: number, onFrame: (payload: Buffer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.push({ rest: count, onFrame, resolve, reject });
      const header = Buffer.allocUnsafe(headerBytes);
      header.writeUInt32BE(payload.length, 0);
      header.writeUInt32BE(count, 4);
      // One write for all requests of a turn of the event loop.
      if (unsent.length === 0) process.nextTick(send);
      unsent.push(header, payload as Buffer);
    });
  }

  function send(): void {
    socket.write(Buffer.concat(unsent));
    unsent = [];
  }

  return {
    async echo({ payload }) {
      let received = 0;
      await ask(payload, 1, (echoed) => {
        received = echoed.length;
      });
      return { received };
    },
    repeat({ count, payload }, onMessage) {
      let index = 0;
      return ask(payload, count, (payload) => onMessage({ index: index++, payload }));
    },
  };
}

/** Returns a function that takes the bytes of a connection as they arrive, and tells each frame that is whole. */
function createFrameReader(): (chunk: Buffer, onFrame: (frame: Buffer) => void) => void {
  let rest: Buffer | undefined;
  return function read(chunk, onFrame) {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    while (bytes.length - at >= headerBytes) {
      const end = at + headerBytes + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      onFrame(bytes.subarray(at, end));
      at = end;
    }
    rest = at < bytes.length ? bytes.subarray(at) : undefined;
  };
}
