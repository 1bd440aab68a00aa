import { type Clock, type IdentitySource, type Implementation, InterlockError, type Log } from "@interlock/bot";
import { createRateLimiter } from "@interlock/bot/internal";
import type { AuthorityService } from "@interlock/bot/protocol";
import { matchesIdentity } from "@interlock/policy";
import type { DenialLog } from "../audit-log/denial-log.js";
import type { CaBasis } from "../ca/ca-basis.js";
import { holdsPart } from "../delegations/holds-part.js";
import type { CertificateUse } from "../enrollment/certificate-use.js";
import type { EnrollmentBasis } from "../enrollment/join.js";
import { renew } from "../enrollment/renew.js";
import type { CloneAlarm } from "../enrollment/revoke-clone.js";
import type { GrantStore } from "../grants/grant-store.js";
import { refuseLimited } from "../refuse-limited.js";
import { checkReport } from "../reports/check-report.js";
import { findServers } from "../reports/find-servers.js";
import { recordReport } from "../reports/record-report.js";
import type { SignOfLife } from "../reports/sign-of-life.js";
import type { AuthorityCounts } from "../telemetry/authority-counts.js";
import type { IssuedToken } from "../tokens/issue-token.js";
import type { TokenIssuer } from "../tokens/token-issuer.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import { approvalHandlers } from "./approvals.js";
import { delegationHandlers } from "./delegations.js";
import { receiptHandlers } from "./receipts.js";
import { trustToWire } from "./to-wire.js";

/** What the AuthorityService works with. */
export interface AuthorityServiceOptions extends EnrollmentBasis {
  readonly tokenIssuer: TokenIssuer;
  readonly certificateUse: CertificateUse;
  readonly cloneAlarm: CloneAlarm;
  readonly caBasis: Pick<CaBasis, "leafTtl">;
  readonly hub: TrustHub;
  readonly denialLog: DenialLog;
  readonly grants: Pick<GrantStore, "current">;
  readonly signOfLife: SignOfLife;
  /** The authority's own identity, which signs receipts. */
  readonly identity: IdentitySource;
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: AuthorityCounts;
}

/**
 * How often one bot may renew within the shortest lifetime of a certificate. A bot renews twice in it, and as often again for each
 * process with a folder of its own, for lost answers, and when the CA changes. Default: 20.
 */
const renewalsPerLifetime = 20;

/** Creates the AuthorityService: certificates, tokens and trust for every bot. A bot can only act for itself. */
export function createAuthorityService(options: AuthorityServiceOptions): Implementation<typeof AuthorityService> {
  const { store, tokenIssuer, certificateUse, hub, clock, log, counts } = options;

  const { leafTtlMs, leafTtlsMs } = options.caBasis.leafTtl;
  const shortestTtlMs = Math.min(leafTtlMs, ...Object.values(leafTtlsMs));
  const renewals = createRateLimiter({
    burst: renewalsPerLifetime,
    perSecond: (renewalsPerLifetime * 1_000) / shortestTtlMs,
  });

  return {
    ...delegationHandlers(options),
    ...approvalHandlers(options),
    ...receiptHandlers(options),

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

    async issueToken({ audience, scopes, allowEmpty, delegation, approval }, { caller }) {
      const isOwn = delegation === "" && approval === "";
      const issued = isOwn
        ? await tokenIssuer.issue(caller, audience, scopes, allowEmpty)
        : await tokenIssuer.issueUnder(caller, { audience, scopes, allowEmpty, delegation, approval });
      return { ...tokenToWire(issued), methods: [...(issued.methods ?? [])] };
    },

    async exchangeToken({ subjectToken, audience, scopes }, { caller }) {
      return tokenToWire(await tokenIssuer.exchange(caller, subjectToken, audience, scopes));
    },

    async *watchTrust({ version }, { caller, signal }) {
      await certificateUse.record(caller);
      for await (const update of hub.watch(version, signal, caller.spiffeId.uri))
        yield trustToWire(update, clock.now());
    },

    async findServers({ service, servedBy }, { caller }) {
      const { state } = hub.trust;
      const patterns = state.revocations.filter(({ kind }) => kind === "pattern");
      const endpoints = await findServers(
        {
          endpoints: store.endpoints,
          grants: options.grants.current(),
          signOfLife: options.signOfLife,
          isDelegated: () => holdsPart(store, caller.name, service, clock.now()),
          isRevoked: (name) => patterns.some(({ subject }) => matchesIdentity(subject, name)),
        },
        { caller: caller.spiffeId, service, servedBy },
      );
      return { endpoints: hub.trust.methodRetired(`/${service}/*`) ? [] : [...endpoints] };
    },

    async report(request, { caller }) {
      await certificateUse.record(caller);
      const now = clock.now();
      const isFederated = (domain: string) =>
        hub.trust.state.federated?.some((one) => one.trustDomain === domain) ?? false;
      const report = checkReport(request, caller.spiffeId, now, isFederated);
      const reporter = caller.spiffeId.uri;
      const { serving, manifestWanted } = await store.transaction((records) =>
        recordReport(records, reporter, report, options.denialLog, now),
      );
      hub.serves(reporter, serving);
      return { manifestWanted };
    },
  };
}

function tokenToWire({ token, scopes, expiresAt }: IssuedToken) {
  return { token, scopes, expiresAt: new Date(expiresAt) };
}
