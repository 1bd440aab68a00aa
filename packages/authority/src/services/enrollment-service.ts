import { type Clock, InterlockError, type Log } from "@interlock/bot";
import type { Enrollment, Recorder } from "@interlock/bot/internal";
import { EnrollmentService } from "@interlock/bot/protocol";
import { type EnrollmentBasis, join } from "../enrollment/join.js";
import { createJoinLimits } from "../enrollment/join-limits.js";
import type { AuthorityCounts } from "../telemetry/authority-counts.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import { trustToWire } from "./to-wire.js";

/** What the EnrollmentService works with. */
export interface EnrollmentServiceOptions extends EnrollmentBasis {
  readonly hub: TrustHub;
  readonly clock: Clock;
  readonly log: Log;
  readonly recorder: Recorder;
  readonly counts: AuthorityCounts;
}

/** Creates the EnrollmentService: a certificate for a join token. It records every refusal with its reason. */
export function createEnrollmentService(options: EnrollmentServiceOptions): Enrollment {
  const { hub, clock, log, recorder, counts } = options;
  const limits = createJoinLimits();
  const { path: method } = EnrollmentService.methods.join;
  return {
    async join(request, { address }) {
      const at = clock.now();
      try {
        await limits.check({ ...request, address }, at);
        const { chain, leaf, name, generation } = await join(options, request, at);
        await limits.joined(name, at);
        counts.enrollments.join++;
        recorder.admitted(method, leaf.uris[0] as string, at);
        log.info("bot joined", { name, address, serial: leaf.serial, generation });
        return { certificate: { chain, generation: BigInt(generation) }, trust: trustToWire(hub.complete()) };
      } catch (thrown) {
        const error = InterlockError.from(thrown);
        recorder.denied({ at, reason: error.reason ?? error.code, method, caller: "", address, detail: error.message });
        if (error.reason !== "RATE_LIMITED") await limits.failed({ ...request, address }, at);
        throw error;
      }
    },
  };
}
