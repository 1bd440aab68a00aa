import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { type CallContext, type Code, type Implementation, InterlockError } from "@interlock/bot";
import type { EchoStatus, ResponseParameters } from "../../gen/grpc/testing/test.js";
import { TestService } from "../../gen/grpc/testing/test_interlock.js";
import { echoedNames } from "./cases.js";

const { unimplementedCall: _, ...served } = TestService.methods;

/** The service without the method that no server implements. */
export const ServedTestService = { ...TestService, methods: served };

/** The server of the interoperability tests. */
export const testService: Implementation<typeof ServedTestService> = {
  emptyCall: () => ({}),
  unaryCall({ responseSize, responseStatus }, context) {
    echoMetadata(context);
    refuse(responseStatus);
    return { payload: { body: Buffer.alloc(responseSize) } };
  },
  async *streamingOutputCall({ responseParameters }) {
    yield* answersTo(responseParameters);
  },
  async streamingInputCall(requests) {
    let aggregatedPayloadSize = 0;
    for await (const { payload } of requests) aggregatedPayloadSize += payload?.body.length ?? 0;
    return { aggregatedPayloadSize };
  },
  async *fullDuplexCall(requests, context) {
    echoMetadata(context);
    for await (const { responseParameters, responseStatus } of requests) {
      refuse(responseStatus);
      yield* answersTo(responseParameters);
    }
  },
};

async function* answersTo(parameters: readonly ResponseParameters[]) {
  for (const { size, intervalUs } of parameters) {
    if (intervalUs > 0) await sleep(intervalUs / 1_000);
    yield { payload: { body: Buffer.alloc(size) } };
  }
}

function echoMetadata({ metadata, responseHeaders, responseTrailers }: CallContext): void {
  for (const value of metadata.get(echoedNames.initial)) responseHeaders.add(echoedNames.initial, value);
  for (const value of metadata.get(echoedNames.trailing)) responseTrailers.add(echoedNames.trailing, value);
}

function refuse(given: EchoStatus | undefined): void {
  if (given && given.code !== 0) throw new InterlockError(status[given.code] as Code, given.message);
}
