import type { EchoRequest, EchoResponse, RepeatRequest, RepeatResponse } from "./gen/interlock/bench/v1/bench.js";

/** A client in its library's own manner, behind the least possible code. */
export interface EchoClient {
  echo(request: EchoRequest): Promise<EchoResponse>;
  /** Calls `onMessage` for each message. Resolves when the stream has ended without an error. */
  repeat(request: RepeatRequest, onMessage: (message: RepeatResponse) => void): Promise<void>;
}
