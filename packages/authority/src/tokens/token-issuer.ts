import type { Clock, Unsubscribe } from "@interlock/bot";
import { createListeners, denial, tokenFault, unsafeVerifyUnbound, type VerifiedToken } from "@interlock/bot/internal";
import { createAuditQueue } from "../audit-log/audit-queue.js";
import type { CertificateUse } from "../enrollment/certificate-use.js";
import { refuseRetired } from "../enrollment/retire.js";
import type { GrantStore } from "../grants/grant-store.js";
import { createRateLimit, type Rate } from "../rate-limit.js";
import type { Store } from "../store/store.js";
import type { AuthorityCounts } from "../telemetry/authority-counts.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import { exchangeToken } from "./exchange-token.js";
import { type IssuedToken, issueToken, type TokenClient, type TokenRequest } from "./issue-token.js";
import type { TokenSigner } from "./token-signer.js";

/** What a tokenIssuer stands on. */
export interface TokenIssuerOptions {
  readonly store: Store;
  readonly grants: GrantStore;
  readonly signer: TokenSigner;
  readonly hub: TrustHub;
  readonly certificateUse: CertificateUse;
  readonly counts: AuthorityCounts;
  readonly clock: Clock;
  /** How long tokens live, in milliseconds. */
  readonly tokenTtlMs: number;
  /** How often one bot may ask for tokens, whichever way it asks. */
  readonly tokenRate: Rate;
}

/** That a token was handed out; the token itself is its bearer's alone. */
export interface TokenNotice {
  /** The bot that asked for it, for example `leader/1`. */
  readonly name: string;
  /** The service that it is for. */
  readonly audience: string;
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Hands out tokens, whichever way they are asked for. Each one is in the audit log before it is in anybody's hands. */
export interface TokenIssuer {
  /** A token of the client's own. Rejects with `BOT_RETIRED`, with `RATE_LIMITED`, and as `issueToken` does. */
  issue(client: TokenClient, audience: string, scopes: readonly string[]): Promise<IssuedToken>;
  /**
   * A token with which the client acts for the subject of another. Rejects as `exchangeToken` does, with `BOT_RETIRED`,
   * with `RATE_LIMITED`, and with one of the `TOKEN_…` reasons.
   */
  exchange(
    client: TokenClient,
    subjectToken: string,
    audience: string,
    scopes: readonly string[],
  ): Promise<IssuedToken>;
  /** What a token is worth now, whosever it is. Rejects with one of the `TOKEN_…` reasons, or `IDENTITY_REVOKED`. */
  inspect(token: string): Promise<VerifiedToken>;
  /** Tells of each token once it is in the audit log. */
  onToken(listener: (token: TokenNotice) => void): Unsubscribe;
}

/** Opens the tokenIssuer. */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { store, grants, signer, hub, certificateUse, counts, clock, tokenTtlMs } = options;
  const limit = createRateLimit(options.tokenRate, "keep tokens until they run out, as our clients do");
  const audit = createAuditQueue(store);
  const notices = createListeners<TokenNotice>();

  async function admit({ spiffeId, certificate }: TokenClient): Promise<void> {
    limit.check(spiffeId.name, clock.now());
    limit.count(spiffeId.name, clock.now());
    await certificateUse.record(certificate.serial);
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
    const { jti, scopes, expiresAt } = issued;
    const { name, uri } = caller.spiffeId;
    const issuedAt = clock.now();
    const details = { jti, scopes, expiresAt, ...more };
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
    async issue(client, audience, scopes) {
      await admit(client);
      return record(client, audience, await issueToken(request(client, audience, scopes)));
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
