import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";

/** An admitted call that has not ended. */
export interface OpenStream {
  readonly stream: ClientHttp2Stream;
  /** Resolves to the gRPC status with which it ends; `undefined` if it is cut without one. */
  readonly status: Promise<number | undefined>;
}

/** Opens a server-streaming call without any client library, and waits for its first message. */
export async function openStream(
  session: ClientHttp2Session,
  path: string,
  authorization: string,
): Promise<OpenStream> {
  const headers = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };
  const stream = session.request({ ...headers, ":path": path, authorization });
  let status: number | undefined;
  const read = (received: Record<string, unknown>) => {
    if (received["grpc-status"] !== undefined) status = Number(received["grpc-status"]);
  };
  stream
    .on("response", read)
    .on("trailers", read)
    .on("error", () => {});
  const ended = new Promise<number | undefined>((resolve) => stream.once("close", () => resolve(status)));
  stream.end(Buffer.alloc(5));
  await Promise.race([
    once(stream, "data"),
    ended.then(() => {
      throw new Error(`the stream was refused with ${status}`);
    }),
  ]);
  return { stream, status: ended };
}
