import { type Caller, type Clock, type Implementation, InterlockError, type Log, type Recorder } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { createAuditQueue } from "../audit-log/audit-queue.js";
import { denialBatch } from "../audit-log/denial-batch.js";
import type { EnrollmentBasis } from "../enrollment/join.js";
import { renew } from "../enrollment/renew.js";
import { refuseRetired } from "../enrollment/retire.js";
import { createSightings } from "../enrollment/sightings.js";
import type { GrantBook } from "../grants/grant-book.js";
import { checkReport } from "../reports/check-report.js";
import { issueToken } from "../tokens/issue-token.js";
import type { TokenSigner } from "../tokens/token-signer.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import { trustToWire } from "./to-wire.js";

/** What the AuthorityService stands on. */
export interface AuthorityServiceOptions extends EnrollmentBasis {
  readonly grants: GrantBook;
  readonly signer: TokenSigner;
  readonly hub: TrustHub;
  readonly clock: Clock;
  readonly log: Log;
  readonly recorder: Recorder;
  /** How long tokens live, in milliseconds. */
  readonly tokenTtlMs: number;
}

/** Serves every bot: certificates, tokens and trust. Each asks for itself, whoever it says it is. */
export function createAuthorityService(options: AuthorityServiceOptions): Implementation<typeof AuthorityService> {
  const { store, grants, signer, hub, clock, log, recorder, tokenTtlMs } = options;
  const sightings = createSightings(store);
  const audit = createAuditQueue(store);

  function alarm(caller: Caller, error: InterlockError): void {
    const { name, spiffeId, address, certificate } = caller;
    log.error("clone detected, bot locked", { name, address, serial: certificate.serial });
    const { path: method } = AuthorityService.methods.renew;
    const denial = { at: clock.now(), reason: error.reason ?? "", method, caller: spiffeId.uri, address };
    recorder.denied({ ...denial, detail: error.message });
    // After the answer, which would be cut off together with everything else of that bot.
    setImmediate(() => {
      hub.refresh().catch((cause) => log.error("trust not refreshed", { error: String(cause) }));
    });
  }

  return {
    async renew({ csr }, { caller }) {
      try {
        const { chain, leaf, name, generation } = await renew(options, caller, csr, clock.now());
        log.info("certificate renewed", { name, serial: leaf.serial, generation });
        return { certificate: { chain, generation: BigInt(generation) } };
      } catch (thrown) {
        const error = InterlockError.from(thrown);
        if (error.reason === "CLONE_DETECTED") alarm(caller, error);
        throw error;
      }
    },

    async confirm(_request, { caller }) {
      await sightings.saw(caller.certificate.serial);
      return {};
    },

    async issueToken({ audience, scopes }, { caller }) {
      await sightings.saw(caller.certificate.serial);
      await refuseRetired(store, caller.name);
      const issued = await issueToken({
        signer,
        grants: grants.current(),
        grantsVersion: grants.file().version,
        issuer: hub.trust.state.issuer,
        caller,
        audience,
        scopes,
        ttlMs: tokenTtlMs,
        now: clock.now(),
      });
      const { jti, expiresAt, token } = issued;
      const details = { jti, scopes: issued.scopes, expiresAt };
      // On the disk before the token is in anybody's hands.
      await audit.append({ at: clock.now(), kind: "token", actor: caller.spiffeId.uri, subject: audience, details });
      return { token, scopes: issued.scopes, expiresAt: new Date(expiresAt) };
    },

    async *watchTrust({ version }, { caller, signal }) {
      await sightings.saw(caller.certificate.serial);
      for await (const update of hub.watch(version, signal, caller.spiffeId.uri)) yield trustToWire(update);
    },

    async report(request, { caller }) {
      await sightings.saw(caller.certificate.serial);
      const now = clock.now();
      const { endpoints, usage } = checkReport(request, now);
      await store.transaction(async (records) => {
        await records.endpoints.replace(caller.spiffeId.uri, endpoints, now);
        await records.usage.add(caller.spiffeId.uri, usage);
        await records.auditLog.append(...denialBatch(caller.spiffeId.uri, usage, now));
      });
      hub.serves(caller.spiffeId.uri, endpoints.length > 0);
      return {};
    },
  };
}
