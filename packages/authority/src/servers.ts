import type { BotServer } from "@interlock/bot";
import { createServer, type FederatedDoor } from "@interlock/bot/internal";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import { type OAuthServer, openOAuthServer } from "./http/oauth-server.js";
import type { CompleteOptions } from "./options.js";
import type { AuthorityParts } from "./parts.js";
import { checkSubject } from "./revocations/check-subject.js";
import { revoke } from "./revocations/revoke.js";
import { createAdminService } from "./services/admin-service.js";
import { createAuthorityService } from "./services/authority-service.js";
import { createEnrollmentService } from "./services/enrollment-service.js";
import { claimIssuer } from "./tokens/claim-issuer.js";

/**
 * The maximum number of connections. Every bot of the fleet keeps one, for a moment two; each needs a file descriptor.
 */
const maximumConnections = 32_768;

/**
 * How many connections are cut in 10 ms. When one pattern revokes thousands of bots, the authority has others to answer meanwhile. What
 * is under way for those bots are their streams of updates, from which they learn nothing but what is revoked.
 */
const cutsAtOnce = 8;

/**
 * Bots of federated trust domains get tokens here, and nothing else: no certificates, no trust, no directory. Only those come in whose
 * relation names a service; of others, bots of this fleet are callers alone.
 */
const federated: FederatedDoor = {
  admits: ({ services }) => services.length > 0,
  open: new Set([AuthorityService.methods.issueToken.path]),
};

/** The listening servers of an authority. */
export interface AuthorityServers {
  /** The gRPC server. */
  readonly server: BotServer;
  /** The OAuth server; absent without the option `https`. */
  readonly oauthServer: OAuthServer | undefined;
  /** Stops both; calls under way may finish. */
  close(): Promise<void>;
}

/** Opens the servers: the OAuth server first, because its port may be part of the issuer that tokens name. */
export async function openServers(parts: AuthorityParts, options: CompleteOptions): Promise<AuthorityServers> {
  const oauthServer = await openOAuth(parts, options);
  const server = await openGrpc(parts, options, oauthServer?.issuer).catch(async (error) => {
    await oauthServer?.close();
    throw error;
  });
  return {
    server,
    oauthServer,
    async close() {
      await Promise.all([server.close(), oauthServer?.close()]);
    },
  };
}

async function openOAuth(
  parts: AuthorityParts,
  { https, host, publicHost }: CompleteOptions,
): Promise<OAuthServer | undefined> {
  if (!https) return undefined;
  const { identity, hub, tokenIssuer, grants, recorder, clock, log, own } = parts;
  return openOAuthServer({
    https,
    host,
    publicHost,
    identity,
    hub,
    tokenIssuer,
    grants,
    recorder,
    clock,
    log,
    revokeToken({ jti, expiresAt }, by) {
      const subject = checkSubject({ kind: "token", subject: jti }, own());
      return revoke(parts, subject, "revoked by its owner", clock.now(), by, expiresAt);
    },
  });
}

async function openGrpc(
  parts: AuthorityParts,
  { host, port }: CompleteOptions,
  issuer: string | undefined,
): Promise<BotServer> {
  const { store, identity, hub, recorder, log, clock, caBasis } = parts;
  await claimIssuer(store, { issuer, spiffeId: caBasis.self, now: clock.now() });
  await hub.refresh();
  const enrollment = createEnrollmentService(parts);
  return createServer(
    {
      identity,
      trust: hub.trust,
      recorder,
      log,
      clock,
      host,
      port,
      maximumConnections,
      cutsAtOnce,
      enrollment,
      federated,
    },
    (routes) => {
      // A report has up to 1,000 rows.
      routes.add(AuthorityService, createAuthorityService(parts), { requestBytes: { report: 1_048_576 } });
      routes.add(AdminService, createAdminService(parts));
    },
  );
}
