import type { SecureContextOptions } from "node:tls";
import type { Clock } from "../base/clock.js";
import { denial } from "../base/error.js";
import type { Reason } from "../base/reason.js";
import type { Identity } from "../identity/identity.js";
import { certificatesToPem } from "../identity/pem.js";
import { createTokenCache } from "../token/token-cache.js";
import type { TokenSource } from "../token/token-source.js";
import { askForJson } from "./ask-for-json.js";
import { IssuerStatusError, issuerFailure } from "./issuer-failure.js";

/** The options of {@link createClientCredentials}. */
export interface ClientCredentialsOptions {
  /** The URL of the token endpoint; `undefined` when the issuer does not name one. */
  tokenUrl(): URL | undefined;
  /** The `client_id`. Default: the bot's SPIFFE ID. */
  readonly clientId: string | undefined;
  /** What stands before the name of a service in its URL. Default: no `resource` is sent. */
  readonly resourcePrefix: string | undefined;
  /** The CA of the issuer's HTTPS. Default: the system's CAs. */
  ca(): SecureContextOptions["ca"];
  readonly clock: Clock;
}

const oneToken = /^[A-Za-z0-9._~+/-]+=*$/;
const defaultLifetimeS = 60;

/**
 * Creates a source of tokens by `client_credentials` (RFC 6749, section 4.4). The bot's certificate is its credential, and
 * the token is bound to it (`tls_client_auth`, RFC 8705, sections 2.1 and 3). The service's name is sent as `audience`, and its
 * URL as `resource` where services have URLs (RFC 8707, section 2.2).
 *
 * Rejects with `ISSUER_UNREACHABLE` or `ISSUER_UNUSABLE`, with `NO_GRANT` where the issuer does not give these scopes, and with
 * `ISSUER_REFUSED` for every other refusal.
 */
export function createClientCredentials(options: ClientCredentialsOptions): TokenSource {
  const { clock } = options;
  return createTokenCache(async (audience, scopes, identity) => {
    const url = options.tokenUrl();
    if (!url) throw denial("ISSUER_REFUSED", "it names no token endpoint; give tokenUrl");
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: options.clientId ?? identity.spiffeId.uri,
      audience,
      scope: scopes.join(" "),
    });
    if (options.resourcePrefix !== undefined) form.set("resource", options.resourcePrefix + audience);
    const now = clock.now();
    const ask = askForJson({ url, form, tls: tlsOf(identity, options.ca()) });
    const { status, body } = await ask.catch((cause) => {
      throw issuerFailure(url.origin, cause);
    });
    const answer = (typeof body === "object" ? body : undefined) as Record<string, unknown> | undefined | null;
    if (status !== 200) throw refusal(url.origin, status, answer?.error);
    const { access_token: token, token_type: type, expires_in: lifetime = defaultLifetimeS } = answer ?? {};
    if (typeof token !== "string" || !oneToken.test(token) || String(type).toLowerCase() !== "bearer") {
      throw denial("ISSUER_REFUSED", "its answer holds no bearer token");
    }
    const seconds = typeof lifetime === "number" && lifetime > 0 ? lifetime : defaultLifetimeS;
    return { token, expiresAt: now + seconds * 1_000 };
  }, clock);
}

function tlsOf({ privateKey, chain }: Identity, ca: SecureContextOptions["ca"]): SecureContextOptions {
  return { key: privateKey, cert: certificatesToPem(chain), ca };
}

// RFC 6749, section 5.2. The issuer's own text stays out of the error: it may hold anything.
function refusal(issuer: string, status: number, error: unknown) {
  const code = typeof error === "string" && /^[a-z_]{1,64}$/.test(error) ? error : "";
  if (status >= 500 || status === 429)
    return issuerFailure(issuer, new IssuerStatusError("requests for a token", status));
  const noGrant = code === "invalid_scope" || code === "access_denied" || code === "invalid_target";
  const reason: Reason = noGrant ? "NO_GRANT" : "ISSUER_REFUSED";
  return denial(reason, `the issuer says ${code || status}; see to this client there`, { error: code });
}
