import type { Caller, Log } from "@interlock/bot";
import { activeSpan, codeNames } from "@interlock/bot/internal";

/** What there is to say of a call that has been passed on. */
export interface PassedCall {
  readonly caller: Caller;
  /** `/package.Service/Method`. */
  readonly method: string;
  /** `host:port` of the bot that it went to; absent where it went nowhere. */
  readonly server?: string | undefined;
  /** The status code of gRPC. */
  readonly code: number;
  /** Of the request and of the answer, their content. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Milliseconds. */
  readonly ms: number;
}

/** Takes each call that has ended. */
export type TellCall = (call: PassedCall) => void;

/** The lines that are written in a second at most; what is more is counted, and said with the next one. */
const linesPerSecond = 200;

/**
 * Writes a line for one of every `sample` calls that went well, and for each that did not. Denials are written by the bot's own log.
 *
 * @param sample - 1 for every call, 0 for none of those that went well.
 */
export function createAccessLog(log: Log, sample: number, now: () => number = () => performance.now()): TellCall {
  let seen = 0;
  let [second, lines, left] = [0, 0, 0];
  return (call) => {
    if (call.code === 0 && (sample === 0 || seen++ % sample !== 0)) return;
    const current = Math.floor(now() / 1_000);
    if (current !== second) [second, lines] = [current, 0];
    if (lines >= linesPerSecond) {
      left++;
      return;
    }
    lines++;
    const { caller, method, server, code, requestBytes, responseBytes, ms } = call;
    log.info("call", {
      caller: caller.name,
      ...(caller.actors.length > 0 && { via: caller.actors.map(({ name }) => name).join(" ") }),
      method: method.slice(1),
      ...(server !== undefined && { server }),
      code: codeNames[code] ?? String(code),
      requestBytes,
      responseBytes,
      ms: Math.round(ms * 10) / 10,
      ...activeSpan(),
      ...(left > 0 && { leftOut: left }),
    });
    left = 0;
  };
}
