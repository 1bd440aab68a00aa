import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from "node:http2";
import type { Duplex } from "node:stream";
import { createFrameGuard } from "./frame-guard.js";
import { type Tap, tapOn } from "./tap.js";

/** What a call without a message has led to. */
export interface CallOutcome {
  /** `open`: the headers were accepted, and the server waits. `lost`: the connection or the stream has ended without an answer. */
  readonly kind: "answered" | "open" | "lost";
  /** The HTTP status. */
  readonly http?: number | undefined;
  /** The status of gRPC. */
  readonly grpc?: number | undefined;
  /** `grpc-message`, at most 200 characters. */
  readonly message: string;
  /** Whether the answer is one of gRPC. */
  readonly isGrpc: boolean;
}

/** Makes calls over HTTP/2 of which nothing but the headers is sent. */
export interface Http2Caller {
  /** The connection. */
  readonly tap: Tap;
  /** Begins a call; the first one begins HTTP/2. The outcome is `open` until the server has answered. */
  begin(path: string): Call;
  /** Ends the connection. Nothing is sent: a canceled request of Node's would look complete for a moment. */
  end(): void;
}

/** A call that has begun. */
export interface Call {
  /** How it stands now. */
  outcome(): CallOutcome;
  /** Resolves once it is no longer open, at the latest after `ms`. */
  settled(ms: number): Promise<void>;
  /** Sends one message, and resolves to the first message that comes back, if any does within `ms`. */
  ask(message: Uint8Array, ms: number): Promise<Buffer | undefined>;
}

/** How the scan names itself in each request. */
export const userAgent = "interlock-scan";

/**
 * Prepares HTTP/2 on a stream that is connected; nothing is sent until a call begins, so the server can be listened to first.
 *
 * @param authority - The host and port that the requests name.
 */
export function createHttp2Caller(below: Duplex, scheme: "http" | "https", authority: string): Http2Caller {
  const asked = new Set<number>();
  const tap = tapOn(
    below,
    createFrameGuard((stream) => asked.has(stream)),
  );
  let session: ClientHttp2Session | undefined;
  function open(): ClientHttp2Session {
    return connect(`${scheme}://${authority}`, {
      createConnection: () => tap.stream,
      settings: { enablePush: false, maxHeaderListSize: 16_384 },
      maxSessionMemory: 1,
      maxHeaderListPairs: 64,
    }).on("error", () => {});
  }
  return {
    tap,
    begin(path) {
      session ??= open();
      return beginCall(session, path, (stream) => void asked.add(stream));
    },
    end() {
      tap.cut();
      session?.destroy();
    },
  };
}

function beginCall(session: ClientHttp2Session, path: string, allow: (stream: number) => void): Call {
  let outcome: CallOutcome = { kind: "open", message: "", isGrpc: false };
  const listeners = new Set<() => void>();
  const bytes: Buffer[] = [];
  const set = (next: CallOutcome) => {
    outcome = next;
    tell();
  };
  const tell = () => {
    for (const listener of listeners) listener();
  };
  const lost = () => outcome.kind === "open" && set({ ...outcome, kind: "lost" });
  let stream: ClientHttp2Stream | undefined;
  if (session.destroyed || session.closed) {
    lost();
  } else {
    stream = session.request(
      { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", "user-agent": userAgent },
      { endStream: false },
    );
    stream.on("response", (headers) => set(read(headers, outcome)));
    stream.on("trailers", (headers) => set(read(headers, outcome)));
    stream.on("data", (chunk: Buffer) => {
      bytes.push(chunk);
      tell();
    });
    stream.on("error", lost).on("close", lost);
  }

  /** Waits until `done`, at the latest for `ms`. */
  function until(done: () => boolean, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (done()) stop();
      };
      const stop = () => {
        clearTimeout(timer);
        listeners.delete(look);
        resolve();
      };
      const timer = setTimeout(stop, ms);
      listeners.add(look);
      look();
    });
  }

  return {
    outcome: () => outcome,
    settled: (ms) => until(() => outcome.kind !== "open", ms),
    async ask(message, ms) {
      if (outcome.kind !== "open" || stream?.id === undefined) return undefined;
      allow(stream.id);
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      stream.write(Buffer.concat([head, message]));
      await until(() => outcome.kind !== "open" || firstMessage(bytes) !== undefined, ms);
      return firstMessage(bytes);
    },
  };
}

/** Reads the headers of an answer, which may come in two parts: at the beginning and as trailers. */
function read(headers: IncomingHttpHeaders, before: CallOutcome): CallOutcome {
  const { ":status": http = before.http, "grpc-status": status, "grpc-message": message } = headers;
  const isGrpc =
    before.isGrpc || status !== undefined || String(headers["content-type"]).startsWith("application/grpc");
  const grpc = typeof status === "string" && /^\d{1,2}$/.test(status) ? Number(status) : undefined;
  // The first headers of a stream that goes on say that it was accepted, and nothing more.
  const isOpen = isGrpc && grpc === undefined && http === 200;
  return {
    kind: isOpen ? "open" : "answered",
    http: http === undefined ? undefined : Number(http),
    grpc,
    message: typeof message === "string" ? decode(message).slice(0, 200) : "",
    isGrpc,
  };
}

/** The first message of a stream, once it has come as a whole; not one that is compressed. */
function firstMessage(chunks: readonly Buffer[]): Buffer | undefined {
  const bytes = Buffer.concat(chunks);
  if (bytes.length < 5 || bytes[0] !== 0) return undefined;
  const end = 5 + bytes.readUInt32BE(1);
  return bytes.length < end ? undefined : bytes.subarray(5, end);
}

/** Undoes percent-encoding, as far as it is well-formed. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
