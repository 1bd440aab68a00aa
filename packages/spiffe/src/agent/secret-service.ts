import { randomBytes } from "node:crypto";
import type { ServerDuplexStream, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { type Init, InterlockError, type Log } from "@interlock/bot";
import { printable, toStatus } from "@interlock/bot/internal";
import type { DiscoveryRequest, DiscoveryResponse } from "../gen/envoy/service/secret/v3/sds.js";
import type { SecretDiscoveryService } from "../gen/envoy/service/secret/v3/sds_interlock.js";
import type { Doorkeeper } from "./doorkeeper.js";
import { openGivenStream } from "./given-stream.js";
import { readNames, secretsOf, secretType, versionOf } from "./secrets.js";
import type { Granted } from "./standing.js";

type Answer = Init<DiscoveryResponse>;

/** Makes the handlers of Envoy's secret discovery, for grpc-js. */
export function createSecretService(door: Doorkeeper, log: Log) {
  return {
    fetchSecrets({ request }: ServerUnaryCall<DiscoveryRequest, Answer>, answer: sendUnaryData<Answer>): void {
      try {
        answer(null, answerTo(door.granted(), readNames(request)));
      } catch (error) {
        answer(toStatus(InterlockError.from(error)));
      }
    },
    streamSecrets(call: ServerDuplexStream<DiscoveryRequest, Answer>): void {
      let names: readonly string[] | undefined;
      let nonce: string | undefined;
      let told: string | undefined; // The answer whose refusal has been logged: each once, however often it is repeated.
      const stream = openGivenStream(call, door, (granted) => {
        if (names === undefined) return undefined; // Nothing has been asked for.
        const answer = answerTo(granted, names);
        nonce = randomBytes(8).toString("hex");
        return { ...answer, nonce };
      });

      function take(request: DiscoveryRequest): void {
        // What is about an older answer is overtaken.
        if (nonce !== undefined && request.responseNonce !== nonce) return;
        if (request.errorDetail && request.responseNonce !== told) {
          told = request.responseNonce;
          const error = printable(request.errorDetail.message, { maximumLength: 300 });
          log.warn("a proxy did not take its secrets over", { error });
        }
        const before = names;
        names = readNames(request);
        if (before === undefined || !sameNames(before, names)) stream.show();
      }

      call.on("data", (request: DiscoveryRequest) => stream.attempt(() => take(request)));
      call.on("end", () => {
        stream.leave();
        call.end();
      });
    },
  } satisfies Record<keyof typeof SecretDiscoveryService.methods, unknown>;
}

function answerTo(granted: Granted, names: readonly string[]): Answer {
  return { versionInfo: versionOf(granted), typeUrl: secretType, resources: secretsOf(granted, names) };
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  const known = new Set(a);
  return known.size === new Set(b).size && b.every((name) => known.has(name));
}
