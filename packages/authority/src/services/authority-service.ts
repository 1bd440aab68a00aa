import type { Clock, Implementation, Log } from "@interlock/bot";
import type { AuthorityService } from "@interlock/bot/protocol";
import type { EnrollmentBasis } from "../enrollment/join.js";
import { renew } from "../enrollment/renew.js";
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
  /** How long tokens live, in milliseconds. */
  readonly tokenTtlMs: number;
}

/** Serves every bot: certificates, tokens and trust. Each asks for itself, whoever it says it is. */
export function createAuthorityService(options: AuthorityServiceOptions): Implementation<typeof AuthorityService> {
  const { store, grants, signer, hub, clock, log, tokenTtlMs } = options;
  return {
    async renew({ csr }, { caller }) {
      const { chain, leaf, name } = await renew(options, caller.spiffeId, csr, clock.now());
      log.info("certificate renewed", { name, serial: leaf.serial });
      return { certificate: { chain } };
    },

    async issueToken({ audience, scopes }, { caller }) {
      const issued = await issueToken({
        signer,
        grants: grants.current(),
        issuer: hub.trust.state.issuer,
        caller,
        audience,
        scopes,
        ttlMs: tokenTtlMs,
        now: clock.now(),
      });
      return { ...issued, expiresAt: new Date(issued.expiresAt) };
    },

    async *watchTrust({ version }, { signal }) {
      for await (const update of hub.watch(version, signal)) yield trustToWire(update);
    },

    async report(request, { caller }) {
      const now = clock.now();
      const { endpoints, usage } = checkReport(request, now);
      await store.transaction(async (records) => {
        await records.endpoints.replace(caller.spiffeId.uri, endpoints, now);
        await records.usage.add(caller.spiffeId.uri, usage);
      });
      return {};
    },
  };
}
