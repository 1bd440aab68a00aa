import { readFile } from "node:fs/promises";
import { createBackoff } from "../base/backoff.js";
import { createObservable } from "../base/observable.js";
import { pause } from "../base/pause.js";
import { authorityTokens, type TokenAlgorithm, type TokenRules } from "../token/token-rules.js";
import { createStaleness } from "../trust/staleness.js";
import { askForJson } from "./ask-for-json.js";
import { createClientCredentials } from "./client-credentials.js";
import { issuerFailure } from "./issuer-failure.js";
import { httpsUrl, type IssuerMetadata, readKeys, readMetadata } from "./issuer-metadata.js";
import type { IssuerProvider, IssuerTrust } from "./provider.js";

/** The options of {@link fromIssuer}: the issuer, and the form of its tokens. */
export interface IssuerOptions {
  /** The `iss` of its tokens, an https URL. The URLs of its keys and its token endpoint are discovered from there. */
  readonly url: string;
  /** The URL of its JWK Set; then nothing is discovered. */
  readonly jwksUrl?: string;
  /** The URL of its token endpoint, which takes `client_credentials` with a client certificate. Default: discovered. */
  readonly tokenUrl?: string;
  /** A PEM file with the CA of its HTTPS. Default: the system's CAs. */
  readonly caFile?: string;
  /** This bot's `client_id` at the issuer. Default: its SPIFFE ID. */
  readonly clientId?: string;
  /** The algorithms by which its tokens may be signed; RS256 with keys of 2,048 bits at least. Default: ES256. */
  readonly algorithms?: readonly ("ES256" | "EdDSA" | "RS256")[];
  /**
   * The `typ` of its tokens (RFC 9068, section 2.1). `JWT or none` also takes tokens without one. With anything but `at+jwt`, only
   * the audience, the binding and the scopes tell an access token from an ID token. Default: `at+jwt`.
   */
  readonly type?: "at+jwt" | "JWT" | "JWT or none";
  /**
   * The part of the URL of each service before its name, for an issuer that knows resources by URLs (RFC 8707): with
   * `https://cafe.example/`, the service `cafe.v1.Coffee` is `https://cafe.example/cafe.v1.Coffee`. That URL is sent as `resource`
   * beside the `audience`, and in the `aud` of a token it stands for the service. Default: no `resource` is sent.
   */
  readonly resourcePrefix?: string;
  /**
   * The longest life of its tokens, from `iat` to `exp`, in milliseconds; an hour at most. Default: 5 minutes, and the second by which
   * the two differ where an issuer reads its clock twice, as Keycloak does.
   */
  readonly maximumLifetimeMs?: number;
  /** The claim that holds the bot's SPIFFE ID. Default: `sub`. */
  readonly subjectClaim?: string;
  /** The SPIFFE ID for each other value of that claim: `{ "0oa81x": "spiffe://cafe/gripper/1" }`. Default: none. */
  readonly subjects?: Readonly<Record<string, string>>;
  /** The time between two readings of its keys, in milliseconds. Default: 5 minutes. */
  readonly refreshMs?: number;
  /** The age at which keys are stale, in milliseconds. Default: an hour. */
  readonly staleAfterMs?: number;
}

/**
 * Provides the tokens of an OpenID Connect or OAuth issuer, which servers verify with its JWK Set.
 *
 * The rules are those of the authority's tokens: for one service, short-lived, bound to the caller's certificate (`cnf`,
 * RFC 8705), and the caller's own by `sub`. Scopes are read from `scope`, or from `scp` where there is no `scope`. The last good keys stay in force while the issuer is away; past `staleAfterMs`
 * the trust is stale.
 *
 * @param options - The issuer's URL, and the form of its tokens.
 * @returns A provider for `joinFleet`. Opening it rejects with `ISSUER_UNREACHABLE` when the issuer does not answer, and with
 *   `ISSUER_UNUSABLE`, which says what is wrong, when there is no key in its answer for one of the algorithms.
 * @throws TypeError when an option is out of its range.
 *
 * @example
 * ```ts
 * const issuer = fromIssuer({ url: "https://login.example.com", algorithms: ["RS256"] });
 * const bot = await joinFleet({ issuer, authority: "localhost:7443", name: "gripper/1", joinToken });
 * ```
 */
export function fromIssuer(options: IssuerOptions): IssuerProvider {
  const { url: issuer, refreshMs = 5 * 60_000, staleAfterMs = 3_600_000, caFile } = options;
  const tokenRules = rulesOf(options);
  return {
    async open({ clock, log }) {
      const ending = new AbortController();
      const { signal } = ending;
      let ca: string | undefined;
      let tokenUrl: URL | undefined;
      const staleness = createStaleness(clock, () => staleAfterMs);
      const trust = createObservable<IssuerTrust>(
        await read().catch((cause) => {
          throw issuerFailure(issuer, cause);
        }),
      );
      staleness.touch();
      void follow();

      async function read(): Promise<IssuerTrust> {
        ca = caFile === undefined ? undefined : await readFile(caFile, "utf8");
        const tls = ca === undefined ? undefined : { ca };
        const found = await locate(options, tls, signal);
        const jwks = readKeys(await askForJson({ url: found.jwksUrl, tls, signal }), tokenRules.algorithms);
        tokenUrl = found.tokenUrl;
        return { issuer, jwks, tokenRules, staleAfterMs };
      }

      async function refresh(): Promise<void> {
        const next = await read();
        staleness.touch();
        if (JSON.stringify(next.jwks) !== JSON.stringify(trust.current().jwks)) trust.replace(next);
      }

      async function follow(): Promise<void> {
        const backoff = createBackoff({ firstMs: Math.min(1_000, refreshMs), maximumMs: refreshMs });
        let away = false;
        for (;;) {
          await pause(away ? backoff.next() : refreshMs * (0.9 + Math.random() * 0.2), signal);
          if (signal.aborted) return;
          try {
            await refresh();
            if (away) log.info("token issuer is back", { issuer });
            backoff.reset();
            away = false;
          } catch (error) {
            if (signal.aborted) return;
            if (!away)
              log.warn("keys of the token issuer not read, the last ones stay", { issuer, error: String(error) });
            away = true;
          }
        }
      }

      return {
        trust,
        tokens: createClientCredentials({
          tokenUrl: () => tokenUrl,
          clientId: options.clientId,
          resourcePrefix: tokenRules.resourcePrefix,
          ca: () => ca,
          clock,
        }),
        get heardAt() {
          return staleness.heardAt;
        },
        isStale: staleness.isStale,
        onStaleness: staleness.onChange,
        refetch: refresh,
        close: () => ending.abort(),
      };
    },
  };
}

type IssuerTls = { readonly ca: string } | undefined;

function rulesOf({
  url,
  algorithms = ["ES256"],
  maximumLifetimeMs = 5 * 60_000 + 1_000,
  subjects = {},
  ...given
}: IssuerOptions): TokenRules {
  httpsUrl(url);
  const known: readonly string[] = ["ES256", "EdDSA", "RS256"] satisfies TokenAlgorithm[];
  const unknown = algorithms.filter((algorithm) => !known.includes(algorithm));
  if (algorithms.length === 0 || unknown.length > 0) {
    throw new TypeError(`algorithms can be ${known.join(", ")}, and not: ${unknown.join(", ") || "none"}`);
  }
  if (!(maximumLifetimeMs > 0 && maximumLifetimeMs <= 3_600_000))
    throw new TypeError("maximumLifetimeMs can be up to 3,600,000");
  const { type = authorityTokens.type, resourcePrefix } = given;
  const types: readonly string[] = ["at+jwt", "JWT", "JWT or none"] satisfies TokenRules["type"][];
  if (!types.includes(type)) throw new TypeError(`type can be ${types.join(", ")}, and not: ${type}`);
  if (resourcePrefix !== undefined) checkResourcePrefix(resourcePrefix);
  return {
    algorithms,
    type,
    maximumLifetimeMs,
    subjectClaim: given.subjectClaim ?? authorityTokens.subjectClaim,
    subjects,
    scopeClaims: ["scope", "scp"], // The second is what Okta, Entra ID and Ory Hydra write.
    resourcePrefix,
  };
}

// RFC 8707, section 2: an absolute URI without a fragment, and better without a query. With an end of its own, no URL of a
// service is the beginning of another host's.
function checkResourcePrefix(prefix: string): void {
  const url = URL.canParse(prefix) ? new URL(prefix) : undefined;
  if (url && /^[^?#\s]+[/:]$/.test(prefix) && !url.username && !url.password) return;
  throw new TypeError(
    `resourcePrefix has to be a URL that ends with / or :, as in https://cafe.example/, and not: ${prefix}`,
  );
}

/** The URLs of the keys and the token endpoint, as they were given or as the issuer says. */
async function locate(options: IssuerOptions, tls: IssuerTls, signal: AbortSignal): Promise<IssuerMetadata> {
  const { url, jwksUrl, tokenUrl } = options;
  const found = jwksUrl === undefined ? await discover(url, tls, signal) : undefined;
  return {
    jwksUrl: found?.jwksUrl ?? httpsUrl(jwksUrl),
    tokenUrl: tokenUrl === undefined ? found?.tokenUrl : httpsUrl(tokenUrl),
  };
}

/** Reads the issuer's metadata. OpenID Connect puts its document after the issuer's path, RFC 8414 before it. */
async function discover(issuer: string, tls: IssuerTls, signal: AbortSignal): Promise<IssuerMetadata> {
  const { origin, pathname } = httpsUrl(issuer);
  const path = pathname.replace(/\/$/, "");
  const openId = new URL(`${origin}${path}/.well-known/openid-configuration`);
  const answer = await askForJson({ url: openId, tls, signal });
  if (answer.status !== 404) return readMetadata(answer, issuer);
  const oauth = new URL(`${origin}/.well-known/oauth-authorization-server${path}`);
  return readMetadata(await askForJson({ url: oauth, tls, signal }), issuer);
}
