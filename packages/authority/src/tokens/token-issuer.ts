import type { Clock, Unsubscribe } from "@interlock/bot";
import {
  createListeners,
  createRateLimiter,
  denial,
  tokenFault,
  unsafeVerifyUnbound,
  type VerifiedToken,
} from "@interlock/bot/internal";
import type { Rate } from "@interlock/policy";
import { createAuditQueue } from "../audit-log/audit-queue.js";
import type { CertificateUse } from "../enrollment/certificate-use.js";
import { refuseRetired } from "../enrollment/retire.js";
import type { GrantStore } from "../grants/grant-store.js";
import { refuseLimited } from "../refuse-limited.js";
import type { Store } from "../store/store.js";
import type { AuthorityCounts } from "../telemetry/authority-counts.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import { exchangeToken } from "./exchange-token.js";
import { type IssuedToken, issueToken, type TokenClient, type TokenRequest } from "./issue-token.js";
import type { TokenSigner } from "./token-signer.js";

/** What the token issuer works with. */
export interface TokenIssuerOptions {
  readonly store: Store;
  readonly grants: GrantStore;
  readonly signer: TokenSigner;
  readonly hub: TrustHub;
  readonly certificateUse: CertificateUse;
  readonly counts: AuthorityCounts;
  readonly clock: Clock;
  /** How long tokens are valid, in milliseconds. */
  readonly tokenTtlMs: number;
  /** How often one bot may request tokens, over gRPC and OAuth together. */
  readonly tokenRate: Rate;
}

/** The notice of an issued token, without the token itself. */
export interface TokenNotice {
  /** The name of the bot that requested it, for example `leader/1`. */
  readonly name: string;
  /** The full name of the service. */
  readonly audience: string;
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** The issuer of tokens, over gRPC and OAuth. Each token is in the audit log before it is handed out. */
export interface TokenIssuer {
  /**
   * Issues a token for the client itself; `allowEmpty` as in `TokenRequest`. Rejects with `BOT_RETIRED`, `RATE_LIMITED`, and as
   * `issueToken` does.
   */
  issue(client: TokenClient, audience: string, scopes: readonly string[], allowEmpty?: boolean): Promise<IssuedToken>;
  /**
   * Issues a token with which the client acts for the subject of another token. Rejects as `exchangeToken` does, with
   * `BOT_RETIRED`, `RATE_LIMITED`, and one of the `TOKEN_…` reasons.
   */
  exchange(
    client: TokenClient,
    subjectToken: string,
    audience: string,
    scopes: readonly string[],
  ): Promise<IssuedToken>;
  /** Verifies a token of any bot. Rejects with one of the `TOKEN_…` reasons, or `IDENTITY_REVOKED`. */
  inspect(token: string): Promise<VerifiedToken>;
  /** Calls `listener` for each token once it is in the audit log. */
  onToken(listener: (token: TokenNotice) => void): Unsubscribe;
}

/** Creates the token issuer. */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { store, grants, signer, hub, certificateUse, counts, clock, tokenTtlMs } = options;
  const limiter = createRateLimiter(options.tokenRate);
  const audit = createAuditQueue(store);
  const notices = createListeners<TokenNotice>();

  async function admit(client: TokenClient): Promise<void> {
    const { spiffeId } = client;
    const retryAfterMs = await limiter.take(spiffeId.name, clock.now());
    refuseLimited(retryAfterMs, "keep tokens until they expire, as Interlock's clients do");
    await certificateUse.record(client);
    await refuseRetired(store, spiffeId.name);
  }

  function request(caller: TokenClient, audience: string, scopes: readonly string[]): TokenRequest {
    return {
      signer,
      grants: grants.current(),
      grantsVersion: grants.file().version,
      issuer: hub.trust.state.issuer,
      caller,
      audience,
      scopes,
      ttlMs: tokenTtlMs,
      now: clock.now(),
    };
  }

  async function record(caller: TokenClient, audience: string, issued: IssuedToken, more = {}): Promise<IssuedToken> {
    const { jti, scopes, narrowed, expiresAt } = issued;
    const { name, uri } = caller.spiffeId;
    const issuedAt = clock.now();
    const conditions = narrowed.size > 0 && { narrowed: Object.fromEntries(narrowed) };
    const details = { jti, scopes, ...conditions, expiresAt, ...more };
    await audit.append({ at: issuedAt, kind: "token", actor: uri, subject: audience, details });
    counts.tokensIssued++;
    notices.tell({ name, audience, scopes, issuedAt, expiresAt });
    return issued;
  }

  async function inspect(token: string): Promise<VerifiedToken> {
    const now = clock.now();
    const verified = await unsafeVerifyUnbound(token, { trust: hub.trust.state, now });
    const fault = tokenFault(verified, hub.trust, now);
    if (fault) throw denial(fault);
    return verified;
  }

  return {
    async issue(client, audience, scopes, allowEmpty = false) {
      await admit(client);
      return record(client, audience, await issueToken({ ...request(client, audience, scopes), allowEmpty }));
    },
    async exchange(client, subjectToken, audience, scopes) {
      await admit(client);
      const verified = await inspect(subjectToken);
      for (const { name } of [verified.subject, ...verified.actors]) await refuseRetired(store, name);
      const issued = await exchangeToken({ ...request(client, audience, scopes), subjectToken: verified });
      const { subject, actors, jti } = verified;
      return record(client, audience, issued, { for: subject.uri, behind: actors.map(({ uri }) => uri), from: jti });
    },
    inspect,
    onToken: notices.add,
  };
}
