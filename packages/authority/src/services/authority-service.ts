import { type Caller, type Clock, type Implementation, InterlockError, type Log } from "@interlock/bot";
import type { AuthorityService } from "@interlock/bot/protocol";
import { denialBatch } from "../audit-log/denial-batch.js";
import type { CertificateUse } from "../enrollment/certificate-use.js";
import type { EnrollmentBasis } from "../enrollment/join.js";
import { renew } from "../enrollment/renew.js";
import { checkReport } from "../reports/check-report.js";
import type { AuthorityCounts } from "../telemetry/authority-counts.js";
import type { IssuedToken } from "../tokens/issue-token.js";
import type { TokenIssuer } from "../tokens/token-issuer.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import { trustToWire } from "./to-wire.js";

/** What the AuthorityService works with. */
export interface AuthorityServiceOptions extends EnrollmentBasis {
  readonly tokenIssuer: TokenIssuer;
  readonly certificateUse: CertificateUse;
  readonly hub: TrustHub;
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: AuthorityCounts;
}

/** Creates the AuthorityService: certificates, tokens and trust for every bot. A bot can only act for itself. */
export function createAuthorityService(options: AuthorityServiceOptions): Implementation<typeof AuthorityService> {
  const { store, tokenIssuer, certificateUse, hub, clock, log, counts } = options;

  function alarm({ name, address, certificate }: Caller): void {
    log.error("clone detected, bot revoked", { name, address, serial: certificate.serial });
    // After the answer, because the refresh ends every connection of that bot.
    setImmediate(() => {
      hub.refresh().catch((cause) => log.error("trust not refreshed", { error: String(cause) }));
    });
  }

  return {
    async renew({ csr }, { caller }) {
      try {
        const { chain, leaf, name, generation } = await renew(options, caller, csr, clock.now());
        counts.enrollments.renewal++;
        log.info("certificate renewed", { name, serial: leaf.serial, generation });
        return { certificate: { chain, generation: BigInt(generation) } };
      } catch (thrown) {
        const error = InterlockError.from(thrown);
        if (error.reason === "CLONE_DETECTED") alarm(caller);
        throw error;
      }
    },

    async confirm(_request, { caller }) {
      await certificateUse.record(caller.certificate.serial);
      return {};
    },

    async issueToken({ audience, scopes }, { caller }) {
      return tokenToWire(await tokenIssuer.issue(caller, audience, scopes));
    },

    async exchangeToken({ subjectToken, audience, scopes }, { caller }) {
      return tokenToWire(await tokenIssuer.exchange(caller, subjectToken, audience, scopes));
    },

    async *watchTrust({ version }, { caller, signal }) {
      await certificateUse.record(caller.certificate.serial);
      for await (const update of hub.watch(version, signal, caller.spiffeId.uri)) yield trustToWire(update);
    },

    async report(request, { caller }) {
      await certificateUse.record(caller.certificate.serial);
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

function tokenToWire({ token, scopes, expiresAt }: IssuedToken) {
  return { token, scopes, expiresAt: new Date(expiresAt) };
}
