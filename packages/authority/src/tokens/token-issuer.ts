import type { Clock, Unsubscribe } from "@interlock/bot";
import {
  createListeners,
  createRateLimiter,
  denial,
  tokenFault,
  unsafeVerifyUnbound,
  type VerifiedToken,
} from "@interlock/bot/internal";
import { isFederatedName, type Rate, spiffeId } from "@interlock/policy";
import { useApproval } from "../approvals/use-approval.js";
import { createAuditQueue } from "../audit-log/audit-queue.js";
import { findHeld, type HeldDelegation } from "../delegations/held-delegation.js";
import type { CertificateUse } from "../enrollment/certificate-use.js";
import { refuseRetired } from "../enrollment/retire.js";
import type { GrantStore } from "../grants/grant-store.js";
import { isOwnService } from "../own-services.js";
import { refuseLimited } from "../refuse-limited.js";
import type { Store } from "../store/store.js";
import type { AuthorityCounts } from "../telemetry/authority-counts.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import { exchangeToken } from "./exchange-token.js";
import { type Delegation, type IssuedToken, issueToken, type TokenClient, type TokenRequest } from "./issue-token.js";
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

/** A token that is requested under a delegation, or for an approved call. */
export interface TokenUse {
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly allowEmpty: boolean;
  /** The id of the delegation; empty for none. */
  readonly delegation: string;
  /** The id of the approval; empty for none. */
  readonly approval: string;
}

/** The issuer of tokens, over gRPC and OAuth. Each token is in the audit log before it is handed out. */
export interface TokenIssuer {
  /**
   * Issues a token under a delegation that the client holds, or for a call that an operator has approved, or both. Rejects as
   * `issue` does, with `SCOPE_WIDENED`, and with one of the `DELEGATION_…` and `APPROVAL_…` reasons.
   */
  issueUnder(client: TokenClient, use: TokenUse): Promise<IssuedToken>;
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

/** How many tokens the bots of one federated trust domain may request together: it names as many bots as it likes. */
const federatedRate: Rate = { perSecond: 50, burst: 500 };

/** Creates the token issuer. */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { store, grants, signer, hub, certificateUse, counts, clock, tokenTtlMs } = options;
  const limiter = createRateLimiter(options.tokenRate);
  const ofDomains = createRateLimiter(federatedRate);
  const audit = createAuditQueue(store);
  const notices = createListeners<TokenNotice>();

  /**
   * Admits a bot of a federated trust domain: for a service that the relation names. It has no record here, so nothing is looked up
   * by the serial number of its certificate, which another CA has chosen.
   */
  async function admitFederated({ spiffeId }: TokenClient, audience: string): Promise<void> {
    const { uri, trustDomain } = spiffeId;
    const domain = hub.trust.federatedDomain(uri);
    if (!domain) throw denial("IDENTITY_REVOKED");
    refuseLimited(
      await ofDomains.take(trustDomain, clock.now()),
      "all bots of one trust domain share a rate of tokens",
    );
    if (domain.services.includes(audience) && !isOwnService(audience)) return;
    throw denial("NO_GRANT", `the federation with ${trustDomain} does not name this service`, { service: audience });
  }

  /** Admits a bot of the own trust domain, or of a federated one with an audience: without it, those are refused. */
  async function admit(client: TokenClient, federatedAudience?: string): Promise<void> {
    const { spiffeId } = client;
    const retryAfterMs = await limiter.take(spiffeId.name, clock.now());
    refuseLimited(retryAfterMs, "keep tokens until they expire, as Interlock's clients do");
    if (isFederatedName(spiffeId.name)) {
      if (federatedAudience !== undefined) return admitFederated(client, federatedAudience);
      throw denial(
        "NO_GRANT",
        "a bot of another trust domain gets tokens for itself only, without delegation or approval",
      );
    }
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

  /** How a client acts for the subject of a delegation. Refused where one of the bots in between has been retired or revoked. */
  async function delegationOf(held: HeldDelegation, trustDomain: string): Promise<Delegation> {
    const subject = spiffeId(trustDomain, held.subject);
    const actors = held.actors.map((name) => spiffeId(trustDomain, name));
    for (const id of [subject, ...actors]) {
      await refuseRetired(store, id.name);
      if (hub.trust.identityRevoked(id)) throw denial("IDENTITY_REVOKED", `${id.name} is in the delegation`);
    }
    // Conditions are those of the grants of the subject, which apply whenever a token is issued.
    const narrowed = new Map();
    return { subject, actors, ancestors: held.lineage, narrowed, expiresAt: held.expiresAt, limits: held };
  }

  /** What the audit log says of a token under a delegation. */
  function under(delegation: Delegation | undefined): Readonly<Record<string, unknown>> {
    if (!delegation) return {};
    const { subject, actors, limits, ancestors } = delegation;
    const behind = actors.slice(1).map(({ uri }) => uri);
    return { for: subject.uri, behind, delegation: limits?.id, above: ancestors.slice(1) };
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
      await admit(client, audience);
      return record(client, audience, await issueToken({ ...request(client, audience, scopes), allowEmpty }));
    },
    async issueUnder(client, { audience, scopes, allowEmpty, delegation: id, approval }) {
      await admit(client);
      const now = clock.now();
      const { name, trustDomain } = client.spiffeId;
      const held = id === "" ? undefined : await findHeld(store, id, now, name);
      const delegation = held && (await delegationOf(held, trustDomain));
      const asked = { ...request(client, audience, scopes), allowEmpty, ...(delegation && { delegation }) };
      // What cannot be issued uses no approval up.
      if (approval === "") return record(client, audience, await issueToken(asked), under(delegation));
      await issueToken(asked);
      const used = await store.transaction((records) =>
        useApproval(records, { id: approval, requester: name, delegation: id, audience }, now),
      );
      const only = {
        methods: [used.method.slice(audience.length + 1)],
        approval: { id: approval, request: used.requestSha256 },
      };
      const issued = await issueToken({ ...asked, only });
      return record(client, audience, issued, { ...under(delegation), approval, methods: only.methods });
    },
    async exchange(client, subjectToken, audience, scopes) {
      await admit(client);
      const verified = await inspect(subjectToken);
      for (const { name } of [verified.subject, ...verified.actors]) await refuseRetired(store, name);
      const { delegation } = verified;
      const delegated = delegation === undefined ? undefined : await findHeld(store, delegation, clock.now());
      const asked = { ...request(client, audience, scopes), subjectToken: verified, delegated };
      const issued = await exchangeToken(asked);
      const { subject, actors, jti } = verified;
      const more = { for: subject.uri, behind: actors.map(({ uri }) => uri), from: jti };
      return record(client, audience, issued, { ...more, ...(delegation !== undefined && { delegation }) });
    },
    inspect,
    onToken: notices.add,
  };
}
