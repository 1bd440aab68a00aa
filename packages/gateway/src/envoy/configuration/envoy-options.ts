import { isAbsolute } from "node:path";
import { InterlockError } from "@interlock/bot";
import { readAddress } from "@interlock/bot/internal";
import { isBotName, isTrustDomain, matchesIdentity, type ServedService } from "@interlock/policy";

/** Where Envoy gets the keys that sign tokens. */
export type TokenKeys =
  /** From the authority's HTTPS port. Without `caFile`, its certificate is of the fleet's CA. */
  | { readonly url: string; readonly caFile?: string | undefined }
  /** Written into the configuration: after a rotation of the key, it has to be written again. */
  | { readonly jwks: { readonly keys: readonly object[] } };

/** What a configuration of Envoy is written from, beside the manifest. */
export interface EnvoyOptions {
  /** The trust domain of the fleet, for example `cafe`. */
  readonly trustDomain: string;
  /** The name of the bot whose identity Envoy shows: that of the authorization service, for example `gateway/1`. */
  readonly name: string;
  /** `host:port` to listen on. */
  readonly listen: string;
  /** The addresses of the bots, `host:port`, by the full name of their service. A service without one is not passed. */
  readonly upstreams: Readonly<Record<string, readonly string[]>>;
  /** The `iss` of tokens. */
  readonly issuer: string;
  readonly keys: TokenKeys;
  /** The folder, as Envoy sees it, into which the authorization service writes certificates and keys. */
  readonly secrets: string;
  /** `host:port` of the authorization service. */
  readonly authorization: string;
  /**
   * How long certificates of the gateway are valid, in milliseconds. Connections to the authorization service are replaced after
   * a twelfth of it, because they may not outlive theirs. Default: 3,600,000 (1 hour).
   */
  readonly certificateTtlMs?: number | undefined;
  /** How many of a hundred calls that succeed are logged; every other call is. Default: 100. */
  readonly accessLogPercent?: number | undefined;
  /** The memory at which Envoy takes no new connections, in bytes. Default: 1 GiB. */
  readonly maximumHeapBytes?: number | undefined;
}

/** {@link EnvoyOptions} with the defaults filled in. */
export type CompleteOptions = Omit<EnvoyOptions, "certificateTtlMs" | "accessLogPercent" | "maximumHeapBytes"> & {
  readonly certificateTtlMs: number;
  readonly accessLogPercent: number;
  readonly maximumHeapBytes: number;
};

/**
 * Checks the options, and fills in the defaults.
 *
 * @throws InterlockError `INVALID_ARGUMENT` that names what is wrong.
 */
export function completeOptions(services: readonly ServedService[], options: EnvoyOptions): CompleteOptions {
  const { trustDomain, name, upstreams, keys, secrets } = options;
  if (!isTrustDomain(trustDomain)) throw invalid(`"${trustDomain}" is no trust domain, such as cafe.`);
  if (!isBotName(name)) throw invalid(`"${name}" is no bot name, such as gateway/1.`);
  if (!isAbsolute(secrets)) throw invalid(`The folder of the secrets, "${secrets}", is no absolute path.`);
  readAddress(options.listen);
  readAddress(options.authorization);
  const named = Object.entries(upstreams);
  if (named.length === 0) throw invalid("No service has an upstream address, so nothing would pass: name one.");
  for (const [service, addresses] of named) {
    if (!services.some((one) => one.name === service)) {
      const known = services.map((one) => one.name).join(", ");
      throw invalid(`The manifest has no service ${service}; it has ${known || "none"}.`);
    }
    const { via = [] } = services.find((one) => one.name === service) ?? {};
    if (via.length > 0 && !via.some((pattern) => matchesIdentity(pattern, name)))
      throw invalid(
        `${service} is called via ${via.join(", ")}, and not via ${name}: its bots would refuse each call.`,
      );
    if (addresses.length === 0) throw invalid(`${service} has no upstream address.`);
    for (const address of addresses) readAddress(address);
  }
  if ("url" in keys && !(URL.canParse(keys.url) && new URL(keys.url).protocol === "https:"))
    throw invalid(`"${keys.url}" is no https:// URL of the token keys.`);
  if ("jwks" in keys && keys.jwks.keys.length === 0) throw invalid("The token keys are empty.");
  const { certificateTtlMs = 3_600_000, accessLogPercent = 100, maximumHeapBytes = 2 ** 30 } = options;
  return { ...options, certificateTtlMs, accessLogPercent, maximumHeapBytes };
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
