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

/** What the face stands on. */
export interface OAuthServerOptions extends Pick<RevocationEndpoint, "revokeToken"> {
  readonly https: HttpsOptions;
  /** Where to listen unless `https` says. */
  readonly host: string;
  readonly identity: OwnIdentity;
  readonly hub: TrustHub;
  readonly desk: TokenIssuer;
  readonly grants: GrantStore;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
}

/** The authority as any OAuth library knows one. */
export interface OAuthServer {
  /** Where it is found, and the `iss` of every token. */
  readonly issuer: string;
  /** Certificate files are looked at again. */
  renewIfDue(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the authority's standard face over HTTPS: metadata, keys, and the endpoints for clients. What is public needs no
 * certificate; what is not, needs one of the fleet, checked as on the gRPC port.
 */
export async function openOAuthServer(options: OAuthServerOptions): Promise<OAuthServer> {
  const { https, identity, hub, desk, grants, recorder, clock, log, revokeToken } = options;
  const host = https.host ?? options.host;
  const files = https.certificate && (await openCertificateFiles(https.certificate, log, clock));
  const port = { host, port: https.port, maximumStrangers: 256 };
  let handle: HttpHandler | undefined; // It has to know the port; the first request comes long after this turn.
  const server = await createHttpServer(
    { ...port, identity: files ?? identity, trust: hub.trust, recorder, clock, log },
    async (request, response, peer) => handle?.(request, response, peer),
  );
  const issuer = issuerOf(https, host, server.port);
  const endpoint = { desk, authenticate: createAuthenticateClient(hub.trust) };
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
