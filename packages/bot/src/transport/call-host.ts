import type { status } from "@grpc/grpc-js";
import type { Encoding } from "@interlock/wire";
import type { Link } from "./link.js";
import type { RequestHeaders } from "./request-headers.js";

/** What a call asks for. */
export interface CallTarget {
  readonly path: string;
  /** Milliseconds since the epoch; `Infinity` for none. */
  readonly deadline: number;
  /** The value of `:authority` in place of the channel's. */
  readonly host: string | null | undefined;
  readonly number: number;
  /** The encoding of its request. */
  readonly encoding: Encoding;
}

/** A call, as its channel sees it. */
export interface HostedCall {
  /** Whether the call waits for a connection, however often one cannot be made. */
  readonly waitsForReady: boolean;
  /** Takes note that the call waits for a connection: its metadata may be changed meanwhile by the caller. */
  keepMetadata(): void;
  /** Sends the request on a connection that has room for it. */
  run(link: Link): void;
  /** Ends the call because there is no connection for it. */
  fail(code: status, details: string): void;
}

/** What a call needs of its channel. */
export interface CallHost {
  readonly target: string;
  readonly authority: string;
  readonly headers: RequestHeaders;
  /** The longest message of an answer, and of a request, in bytes. */
  readonly receiveBytes: number;
  readonly sendBytes: number;
  /** Has the call run on a connection, now or later. */
  submit(call: HostedCall): void;
  /** Forgets a call that waits. */
  withdraw(call: HostedCall): void;
  /** Takes note of the encodings that a server knows. */
  learnEncodings(value: string): void;
}
