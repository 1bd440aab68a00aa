import { Metadata } from "@grpc/grpc-js";
import type { InterlockError } from "@interlock/bot";
import { type ClientTrace, ownReason, reasonOfCode } from "@interlock/bot/internal";
import type { HeaderList } from "@interlock/wire";
import type { NearCall } from "./near-call.js";
import type { PassedMethod } from "./passed-method.js";

/** The trace of a call that is passed on: the span of the call that the gateway makes, below the one that has come in. */
export class ForwardTrace {
  readonly #trace: ClientTrace;
  /** What is sent along of it. */
  readonly #fields: HeaderList;
  readonly #names: ReadonlySet<string>;

  constructor(trace: ClientTrace) {
    const metadata = new Metadata();
    trace.inject(metadata);
    const fields = Object.entries(metadata.getMap());
    this.#trace = trace;
    this.#fields = fields.flat() as string[];
    this.#names = new Set(fields.map(([name]) => name));
  }

  /** A header list with this trace in place of the one that came. */
  on(headers: HeaderList): HeaderList {
    const list: string[] = [];
    for (let i = 0; i < headers.length; i += 2) {
      if (!this.#names.has(headers[i] as string)) list.push(headers[i] as string, headers[i + 1] as string);
    }
    list.push(...this.#fields);
    return list;
  }

  /** The call goes to the bot at `address`; `previous` others could not take it. */
  sent(address: string, previous: number): void {
    this.#trace.sent({ address, server: undefined }, previous);
  }

  /** The call is over. `failure` is what the gateway has answered itself. */
  end(code: number, codeName: string, failure: InterlockError | undefined): void {
    this.#trace.ended({ code, reason: (failure && ownReason(failure)) ?? reasonOfCode(codeName) });
  }
}

/**
 * Begins the trace of a call that is passed on; `undefined` without an SDK of OpenTelemetry, and where nobody records it: then it goes
 * on with the trace that it came with.
 */
export function beginForwardTrace(
  { trace: served, head }: Pick<NearCall, "trace" | "head">,
  { beginTrace }: Pick<PassedMethod, "beginTrace">,
): ForwardTrace | undefined {
  const trace = served?.run(() => beginTrace(performance.now()));
  if (!trace || (!trace.isRecorded && head.headers.includes("traceparent"))) return undefined;
  return new ForwardTrace(trace);
}
