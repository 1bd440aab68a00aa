import { type Clock, InterlockError, type Log, parseJoinToken } from "@interlock/bot";
import type { Enrollment, Recorder } from "@interlock/bot/internal";
import { EnrollmentService, type JoinRequest } from "@interlock/bot/protocol";
import { type IssuedCertificate, join } from "../enrollment/join.js";
import { createJoinLimits } from "../enrollment/join-limits.js";
import { joinWorkload } from "../enrollment/join-workload.js";
import { type RecoveryBasis, recover, verifyRecovering } from "../enrollment/recover.js";
import type { CloneAlarm } from "../enrollment/revoke-clone.js";
import type { AuthorityCounts } from "../telemetry/authority-counts.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import type { WorkloadDoor } from "../workloads/workload-door.js";
import { trustToWire } from "./to-wire.js";

/** What the EnrollmentService works with. */
export interface EnrollmentServiceOptions extends RecoveryBasis {
  readonly hub: TrustHub;
  readonly cloneAlarm: CloneAlarm;
  readonly workloadDoor: WorkloadDoor;
  readonly clock: Clock;
  readonly log: Log;
  readonly recorder: Recorder;
  readonly counts: AuthorityCounts;
}

/**
 * Creates the EnrollmentService: a certificate for a join token, for the token of a workload, or for a certificate that has
 * expired. It records every refusal with its reason.
 */
export function createEnrollmentService(options: EnrollmentServiceOptions): Enrollment {
  const { hub, workloadDoor, clock, log, recorder, counts, cloneAlarm } = options;
  const limits = createJoinLimits();
  const { join: joinMethod, recover: recoverMethod } = EnrollmentService.methods;

  /** The answer to an attempt that has failed: where too many have, that. The credential has been looked at before. */
  async function slowedDown(error: InterlockError, address: string, at: number): Promise<InterlockError> {
    if (error.reason === "RATE_LIMITED") return error;
    return limits.failed({ address }, at).then(() => error, InterlockError.from);
  }

  /** Answers an attempt, and records it. `caller` is the SPIFFE ID that has been proved when it fails, or empty. */
  async function attempt(
    method: string,
    address: string,
    issue: (at: number) => Promise<IssuedCertificate>,
    caller: () => string,
  ) {
    const at = clock.now();
    try {
      const { chain, leaf, generation } = await issue(at);
      recorder.admitted(method, leaf.uris[0] as string, at);
      return {
        certificate: { chain, generation: BigInt(generation) },
        trust: trustToWire(hub.complete(), clock.now()),
      };
    } catch (thrown) {
      const error = await slowedDown(InterlockError.from(thrown), address, at);
      const reason = error.reason ?? error.code;
      recorder.denied({ at, reason, method, caller: caller(), address, detail: error.message });
      throw error;
    }
  }

  async function enroll(request: JoinRequest, at: number): Promise<IssuedCertificate> {
    const { joinToken, workloadToken, csr, name } = request;
    if (workloadToken === "") {
      await limits.check(name || nameIn(joinToken), at);
      return join(options, request, at);
    }
    if (joinToken !== "") {
      throw new InterlockError("INVALID_ARGUMENT", "Join with a join token or with a workload's token, not with both.");
    }
    const admitted = await workloadDoor.admit(workloadToken);
    await limits.check(admitted.name, at);
    return joinWorkload(options, { ...admitted, csr, asked: name }, at);
  }

  return {
    join(request, { address }) {
      async function issue(at: number): Promise<IssuedCertificate> {
        const issued = await enroll(request, at);
        await limits.joined(issued.name, at);
        counts.enrollments.join++;
        const { name, leaf, generation } = issued;
        log.info("bot joined", { name, address, serial: leaf.serial, generation });
        return issued;
      }
      return attempt(joinMethod.path, address, issue, () => "");
    },

    recover(request, { address, challenge }) {
      let proved: string | undefined;
      async function issue(at: number): Promise<IssuedCertificate> {
        const recovering = verifyRecovering(options, { ...request, challenge }, at);
        const { name, uri } = recovering.spiffeId;
        proved = uri;
        await limits.proved(recovering.certificate.serial, at);
        await limits.check(name, at);
        const issued = await recover(options, recovering, request.csr, at).catch((error) => {
          if (InterlockError.from(error).reason === "CLONE_DETECTED") cloneAlarm({ ...recovering, address });
          throw error;
        });
        await limits.joined(name, at);
        counts.enrollments.recovery++;
        const { leaf, generation } = issued;
        log.info("bot recovered", { name, address, serial: leaf.serial, generation });
        return issued;
      }
      return attempt(recoverMethod.path, address, issue, () => proved ?? "");
    },
  };
}

/** The name in a join token; empty when it cannot be read. */
function nameIn(joinToken: string): string {
  return parseJoinToken(joinToken)?.name ?? "";
}
