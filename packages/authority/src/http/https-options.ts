import { isIP } from "node:net";
import { bracketed, isEveryInterface } from "@interlock/bot/internal";

/** The options of the authority's OAuth server. */
export interface HttpsOptions {
  /** The port; 0 for any free port. */
  readonly port: number;
  /** The interface to listen on. Default: that of the gRPC port. */
  readonly host?: string;
  /**
   * The URL by which clients know the server, without a path, for example `https://auth.cafe.example`. It is the `iss`
   * of every token. Default: `https://` with host and port.
   */
  readonly issuer?: string;
  /** PEM files with a certificate to use instead of one from the fleet's CA. They are read again when they change. */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string };
}

const loopback: readonly string[] = ["127.0.0.1", "::1", "localhost"];

/** Returns the issuer for a port, on the host at which others reach it. Throws a `TypeError` unless it is an `https:` URL of only a host and a port. */
export function issuerOf({ issuer }: HttpsOptions, host: string, port: number): string {
  if (issuer === undefined) return `https://${bracketed(publicName(host))}${port === 443 ? "" : `:${port}`}`;
  // RFC 8414, section 2: no query, no fragment. A path would change the path of the metadata, so it is not supported.
  if (!URL.canParse(issuer) || !issuer.startsWith("https://") || new URL(issuer).origin !== issuer) {
    throw new TypeError(`"${issuer}" is not a usable issuer: write https://, the host in lower case, and the port`);
  }
  return issuer;
}

/**
 * Returns the host names that the certificate of the port must have: those by which others know it, where it listens, and
 * this machine's.
 */
export function hostsOf({ issuer }: HttpsOptions, publicHost: string, host: string): readonly string[] {
  const named = issuer === undefined ? [] : [new URL(issuer).hostname.replace(/^\[|\]$/g, "")];
  const listening = isEveryInterface(host) ? [] : [host];
  return [...new Set([...named, publicName(publicHost), ...listening, ...loopback])].filter(
    (name) => isIP(name) || /^[\w.-]+$/.test(name),
  );
}

function publicName(host: string): string {
  return loopback.includes(host) ? "localhost" : host.toLowerCase();
}
