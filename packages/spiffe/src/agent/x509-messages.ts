import { createPrivateKey } from "node:crypto";
import type { Init } from "@interlock/bot";
import type { X509BundlesResponse, X509SVIDResponse } from "../gen/spiffe/workload/workload.js";
import type { Granted } from "./standing.js";

/** The answer of FetchX509SVID: the one identity of the bot, with its key and the CA certificates of its trust domain. */
export function x509SvidResponse({ identity, roots }: Granted): Init<X509SVIDResponse> {
  const { spiffeId, chain, privateKey } = identity;
  const x509SvidKey = createPrivateKey(privateKey).export({ type: "pkcs8", format: "der" });
  return {
    svids: [{ spiffeId: spiffeId.uri, x509Svid: Buffer.concat(chain), x509SvidKey, bundle: Buffer.concat(roots) }],
  };
}

/** The answer of FetchX509Bundles: the CA certificates of the trust domain, by its SPIFFE ID. */
export function x509BundlesResponse({ identity, roots }: Granted): Init<X509BundlesResponse> {
  return { bundles: { [trustDomainId(identity)]: Buffer.concat(roots) } };
}

/** The SPIFFE ID of the trust domain of an identity: `spiffe://cafe`. */
export function trustDomainId({ spiffeId }: Granted["identity"]): string {
  return `spiffe://${spiffeId.trustDomain}`;
}
