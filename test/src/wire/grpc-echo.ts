import { type Connection, type DecodedBlock, MessageReader, type Stream, type StreamHandler } from "@interlock/wire";

const head = [":status", "200", "content-type", "application/grpc"];
const succeeded = ["grpc-status", "0"];

/** Answers each message of gRPC with the same message. */
export function echoMessages(stream: Stream, _request: DecodedBlock | undefined, end: boolean): StreamHandler {
  const reader = new MessageReader(1_000_000);
  const sink = { onMessage: (message: Buffer) => void stream.sendMessage(0, message, false) };
  const finish = () => stream.sendHeaders(succeeded, true, true);
  stream.sendHeaders(head, false, true);
  if (end) finish();
  return {
    onHeaders: finish,
    onData(bytes, isLast) {
      reader.push(Buffer.from(bytes), sink);
      stream.consumed(bytes.length);
      if (isLast) finish();
    },
    onReset() {},
    onRoom() {},
  };
}

/** Makes unary calls on one connection, 16 at a time, and then one with as many messages, one after the other. */
export async function callMany(connection: Connection, calls: number): Promise<void> {
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let i = 0; i < calls / 16; i++) await exchange(connection, "/echo.Echo/Unary", 1);
    }),
  );
  await exchange(connection, "/echo.Echo/Stream", calls);
}

function exchange(connection: Connection, path: string, messages: number): Promise<void> {
  const request = [":method", "POST", ":scheme", "http", ":path", path, ":authority", "arm"];
  const message = new Uint8Array(100);
  return new Promise((resolve, reject) => {
    const reader = new MessageReader(1_000_000);
    let came = 0;
    const sink = {
      onMessage() {
        came++;
        if (came < messages) stream.sendMessage(0, message, came === messages - 1);
      },
    };
    const stream = connection.open([...request, "te", "trailers", "content-type", "application/grpc"], false, {
      onHeaders({ headers }, end) {
        if (!end) return;
        const status = headers[headers.indexOf("grpc-status") + 1];
        if (status === "0" && came === messages) resolve();
        else reject(new Error(`status ${status} after ${came} messages`));
      },
      onData(bytes) {
        reader.push(Buffer.from(bytes), sink);
        stream.consumed(bytes.length);
      },
      onReset: ({ code, cause }) => reject(new Error(`reset with ${code} by ${cause}`)),
      onRoom() {},
    });
    stream.sendMessage(0, message, messages === 1);
  });
}
