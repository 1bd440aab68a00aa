import { formatAddress } from "@interlock/bot/internal";
import { askGrpc, type GrpcFacts } from "./ask-grpc.js";
import { type Endpoint, openTap } from "./connect.js";
import { createHttp2Caller } from "./http2-caller.js";
import { recognize, type Signature } from "./signature.js";

/** What a port without TLS answers to HTTP/2. */
export interface PlainFacts {
  /** What it has said; absent for nothing. */
  readonly said?: Signature | undefined;
  readonly grpc?: GrpcFacts | undefined;
}

/** Speaks HTTP/2 to a port without TLS. */
export async function probePlain(endpoint: Endpoint, methods: readonly string[]): Promise<PlainFacts> {
  const tap = await openTap(endpoint);
  if (!tap) return {};
  const caller = createHttp2Caller(tap.stream, "http", formatAddress({ host: endpoint.host, port: endpoint.port }));
  try {
    const grpc = await askGrpc(caller, { methods, timeoutMs: endpoint.timeoutMs });
    const said = recognize(caller.tap.received());
    return said?.protocol === "http/2" ? { said, grpc } : { said };
  } finally {
    caller.end();
    tap.cut();
  }
}
