import type { Clock, Log } from "@interlock/bot";
import type { Recorder } from "@interlock/bot/internal";
import type { GrantStore } from "../grants/grant-store.js";
import type { OwnIdentity } from "../own-identity.js";
import type { TokenIssuer } from "../tokens/token-issuer.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import { createAuthenticateClient } from "./authenticate-client.js";
import { openCertificateFiles } from "./certificate-files.js";
import { createDispatch } from "./dispatch.js";
import { createHttpServer, type HttpHandler } from "./http-server.js";
import { type HttpsOptions, issuerOf } from "./https-options.js";
import { introspectionRoute } from "./introspection-route.js";
import { keyRoutes } from "./key-routes.js";
import { metadataRoutes } from "./metadata-routes.js";
import { type RevocationEndpoint, revocationRoute } from "./revocation-route.js";
import { tokenRoute } from "./token-route.js";

/** What the OAuth server works with. */
export interface OAuthServerOptions extends Pick<RevocationEndpoint, "revokeToken"> {
  readonly https: HttpsOptions;
  /** The interface to listen on if `https` names none. */
  readonly host: string;
  /** The host at which others reach it. */
  readonly publicHost: string;
  readonly identity: OwnIdentity;
  readonly hub: TrustHub;
  readonly tokenIssuer: TokenIssuer;
  readonly grants: GrantStore;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
}

/** The authority as a standard OAuth server. */
export interface OAuthServer {
  /** The server's URL and the `iss` of every token. */
  readonly issuer: string;
  /** Reads certificate files again, if there are any. */
  renewIfDue(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the OAuth server over HTTPS: metadata, keys, and the endpoints for clients. Public routes need no certificate;
 * the others need one of the fleet, verified as on the gRPC port.
 */
export async function openOAuthServer(options: OAuthServerOptions): Promise<OAuthServer> {
  const { https, identity, hub, tokenIssuer, grants, recorder, clock, log, revokeToken } = options;
  const host = https.host ?? options.host;
  const files = https.certificate && (await openCertificateFiles(https.certificate, log, clock));
  const port = { host, port: https.port, maximumStrangers: 256 };
  let handle: HttpHandler | undefined; // It needs the port. It is set in the turn after the port opens, before any request.
  const server = await createHttpServer(
    { ...port, identity: files ?? identity, trust: hub.trust, recorder, clock, log },
    async (request, response, peer) => handle?.(request, response, peer),
  );
  const issuer = issuerOf(https, options.publicHost, server.port);
  const endpoint = { tokenIssuer, authenticate: createAuthenticateClient(hub.trust) };
  const routes = [
    ...metadataRoutes(issuer),
    ...keyRoutes(hub.trust),
    tokenRoute(endpoint),
    revocationRoute({ ...endpoint, revokeToken }),
    introspectionRoute({ ...endpoint, grants, issuer }),
  ];
  handle = createDispatch({ routes, recorder, clock, log });
  return { issuer, renewIfDue: async () => files?.reread(), close: server.close };
}
