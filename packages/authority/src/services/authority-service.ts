import { type Clock, type Implementation, InterlockError, type Log } from "@interlock/bot";
import { createRateLimiter } from "@interlock/bot/internal";
import type { AuthorityService } from "@interlock/bot/protocol";
import type { DenialLog } from "../audit-log/denial-log.js";
import type { CaBasis } from "../ca/ca-basis.js";
import type { CertificateUse } from "../enrollment/certificate-use.js";
import type { EnrollmentBasis } from "../enrollment/join.js";
import { renew } from "../enrollment/renew.js";
import type { CloneAlarm } from "../enrollment/revoke-clone.js";
import { refuseLimited } from "../refuse-limited.js";
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
  readonly cloneAlarm: CloneAlarm;
  readonly caBasis: Pick<CaBasis, "leafTtlMs">;
  readonly hub: TrustHub;
  readonly denialLog: DenialLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: AuthorityCounts;
}

/**
 * How often one bot may renew within the lifetime of a certificate. A bot renews twice in it, and as often again for each
 * process with a folder of its own, for lost answers, and when the CA changes. Default: 20.
 */
const renewalsPerLifetime = 20;

/** How long after its last report a process of a bot counts as gone once another one reports, in milliseconds. */
const instanceGoneMs = 5 * 60_000;

/** Creates the AuthorityService: certificates, tokens and trust for every bot. A bot can only act for itself. */
export function createAuthorityService(options: AuthorityServiceOptions): Implementation<typeof AuthorityService> {
  const { store, tokenIssuer, certificateUse, hub, clock, log, counts } = options;

  const renewals = createRateLimiter({
    burst: renewalsPerLifetime,
    perSecond: (renewalsPerLifetime * 1_000) / options.caBasis.leafTtlMs,
  });

  return {
    async renew({ csr }, { caller }) {
      refuseLimited(renewals.take(caller.name, clock.now()), "a certificate is renewed twice in its lifetime");
      try {
        const { chain, leaf, name, generation } = await renew(options, caller, csr, clock.now());
        counts.enrollments.renewal++;
        log.info("certificate renewed", { name, serial: leaf.serial, generation });
        return { certificate: { chain, generation: BigInt(generation) } };
      } catch (thrown) {
        const error = InterlockError.from(thrown);
        if (error.reason === "CLONE_DETECTED") options.cloneAlarm(caller);
        throw error;
      }
    },

    async confirm(_request, { caller }) {
      await certificateUse.record(caller);
      return {};
    },

    async issueToken({ audience, scopes }, { caller }) {
      return tokenToWire(await tokenIssuer.issue(caller, audience, scopes));
    },

    async exchangeToken({ subjectToken, audience, scopes }, { caller }) {
      return tokenToWire(await tokenIssuer.exchange(caller, subjectToken, audience, scopes));
    },

    async *watchTrust({ version }, { caller, signal }) {
      await certificateUse.record(caller);
      for await (const update of hub.watch(version, signal, caller.spiffeId.uri)) yield trustToWire(update);
    },

    async report(request, { caller }) {
      await certificateUse.record(caller);
      const now = clock.now();
      const { endpoints, usage, instance } = checkReport(request, caller.spiffeId, now);
      const reporter = caller.spiffeId.uri;
      const serving = await store.transaction(async (records) => {
        await records.usage.add(reporter, usage);
        await records.auditLog.append(...options.denialLog.entries(reporter, usage, now));
        return records.endpoints.report({
          spiffeId: reporter,
          instance,
          endpoints,
          now,
          goneBefore: now - instanceGoneMs,
        });
      });
      hub.serves(reporter, serving);
      return {};
    },
  };
}

function tokenToWire({ token, scopes, expiresAt }: IssuedToken) {
  return { token, scopes, expiresAt: new Date(expiresAt) };
}
