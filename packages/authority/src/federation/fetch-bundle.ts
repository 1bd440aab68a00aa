import { type Clock, InterlockError, systemClock } from "@interlock/bot";
import { parseSpiffeId, type SpiffeId } from "@interlock/policy";
import { type BundleEndpoint, checkBundleEndpoint } from "./bundle-endpoint.js";
import { bundleFailure } from "./bundle-failure.js";
import { getDocument } from "./get-document.js";
import { type ReadBundle, readTrustBundle } from "./parse-trust-bundle.js";
import { checkSpiffeServer, checkWebServer, type ServerCheck } from "./server-check.js";
import { maximumBundleBytes } from "./trust-bundle.js";

/** How a bundle is fetched. */
export interface FetchOptions {
  /** Default: the machine's. TLS goes by the machine's clock in any case. */
  readonly clock?: Clock;
  /** The CA certificates to believe for `https_web`, PEM. Default: those of the Web PKI, as Node has them. */
  readonly webCa?: string | undefined;
  /** How long the whole fetch may take, in milliseconds. Default: 15,000. */
  readonly totalMs?: number;
  /** How long nothing may arrive, in milliseconds. Default: 5,000. */
  readonly idleMs?: number;
  /** Ends the fetch. Default: nothing does. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fetches the bundle of a trust domain from its endpoint (SPIFFE Federation, sections 5.2.1.4 and 5.2.2.4).
 *
 * A domain that has withdrawn its CAs gives a bundle without any, and it is to be taken over: nothing of that domain is to be trusted
 * any more.
 *
 * @param trustDomain - The trust domain of which it is the bundle.
 * @param current - For `https_spiffe`: the CA certificates (DER) by which the endpoint's certificate is verified, from the latest bundle of
 *   the trust domain of its SPIFFE ID.
 * @throws InterlockError that says what to do.
 *
 * @example
 * ```ts
 * const endpoint = { url: "https://partner.example/bundle", profile: "https_web" } as const;
 * const { caCertificates } = await fetchBundle(endpoint, "partner.example", []);
 * ```
 */
export async function fetchBundle(
  endpoint: BundleEndpoint,
  trustDomain: string,
  current: readonly Uint8Array[],
  { clock = systemClock, webCa, totalMs = 15_000, idleMs = 5_000, signal }: FetchOptions = {},
): Promise<ReadBundle> {
  const url = checkBundleEndpoint(endpoint);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const server: ServerCheck =
    endpoint.profile === "https_web" ? checkWebServer(host, webCa) : ofSpiffe(endpoint.spiffeId);
  try {
    const json = await getDocument(url, server, { totalMs, idleMs, maximumBytes: maximumBundleBytes, signal });
    return readTrustBundle(json, trustDomain, clock.now());
  } catch (cause) {
    throw bundleFailure(endpoint, cause);
  }

  function ofSpiffe(uri: string): ServerCheck {
    const spiffeId = parseSpiffeId(uri) as SpiffeId; // It was checked with the endpoint.
    if (current.length === 0) {
      const remedy = "give it as a file when the domain is added";
      throw new InterlockError(
        "FAILED_PRECONDITION",
        `There is no bundle of ${spiffeId.trustDomain} to verify its endpoint by: ${remedy}.`,
      );
    }
    return checkSpiffeServer({ spiffeId, caCertificates: current, now: () => clock.now() });
  }
}
