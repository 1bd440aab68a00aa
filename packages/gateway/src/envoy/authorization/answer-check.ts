import { type Clock, type Init, Metadata } from "@interlock/bot";
import { asDenial, createCallId, type Recorder } from "@interlock/bot/internal";
import type { CheckRequest, CheckResponse } from "../../gen/envoy/service/auth/v3/external_auth.js";
import { passed, refused } from "./answers.js";
import type { Passage } from "./decide.js";
import { type ProxiedCall, readCall } from "./proxied-call.js";

/** What {@link createAnswerCheck} works with. */
export interface AnswerCheckOptions {
  readonly decide: (call: ProxiedCall) => Promise<Passage>;
  /** Gets the refusals, which are logged and reported with those of the bot's own servers. */
  readonly recorder: Pick<Recorder, "denied">;
  readonly clock: Clock;
}

/** Makes the handler of `Check`. It never rejects: whatever goes wrong is a refusal. */
export function createAnswerCheck({ decide, recorder, clock }: AnswerCheckOptions) {
  return async function check(request: CheckRequest): Promise<Init<CheckResponse>> {
    const call = readCall(request);
    try {
      return passed(await decide(call));
    } catch (thrown) {
      const error = asDenial(thrown);
      const metadata = new Metadata();
      if (call.traceparent !== "") metadata.set("traceparent", call.traceparent);
      const callId = createCallId(metadata);
      recorder.denied({
        at: clock.now(),
        reason: error.reason ?? error.code,
        method: call.path.slice(1),
        caller: call.principal,
        address: call.address,
        detail: error.message,
        callId,
      });
      return refused(error, callId);
    }
  };
}
