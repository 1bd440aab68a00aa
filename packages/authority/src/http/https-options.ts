import { isIP, isIPv6 } from "node:net";
import { hostname } from "node:os";

/** Where the authority speaks OAuth over HTTPS. */
export interface HttpsOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** Where to listen; where the gRPC port does unless said. */
  readonly host?: string;
  /**
   * The URL under which clients know it, without a path, for example `https://auth.cafe.example`: the `iss` of every
   * token. The host and port unless said.
   */
  readonly issuer?: string;
  /** The certificate to show instead of one from the fleet's CA, as PEM files; read again when they change. */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string };
}

const everywhere: readonly string[] = ["0.0.0.0", "::"];
const loopback: readonly string[] = ["127.0.0.1", "::1", "localhost"];

/** The issuer, for a port that is known. Throws a `TypeError` when it is no `https:` URL, or is more than a host and a port. */
export function issuerOf({ issuer }: HttpsOptions, host: string, port: number): string {
  if (issuer === undefined) return `https://${bracketed(publicName(host))}${port === 443 ? "" : `:${port}`}`;
  // RFC 8414, section 2: no query, no fragment. A path would have to be put into that of the metadata; nobody needs it.
  if (!URL.canParse(issuer) || !issuer.startsWith("https://") || new URL(issuer).origin !== issuer) {
    throw new TypeError(`"${issuer}" is no issuer: write https://, the host in lower case, the port, and nothing more`);
  }
  return issuer;
}

/** What the certificate of the port has to name, so that clients find the host that they look for. */
export function hostsOf({ issuer }: HttpsOptions, host: string): readonly string[] {
  const named = issuer === undefined ? publicName(host) : new URL(issuer).hostname.replace(/^\[|\]$/g, "");
  const listening = everywhere.includes(host) ? [] : [host];
  return [...new Set([named, ...listening, ...loopback])].filter((name) => isIP(name) || /^[\w.-]+$/.test(name));
}

function publicName(host: string): string {
  if (everywhere.includes(host)) return hostname().toLowerCase();
  return loopback.includes(host) ? "localhost" : host;
}

function bracketed(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
