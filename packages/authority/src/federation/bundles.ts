import { type Clock, InterlockError, type Log } from "@interlock/bot";
import type { FederationRow } from "../store/schema.js";
import type { Store } from "../store/store.js";
import { casOf } from "../trust-hub/federated-of.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import { type BundleEndpoint, checkBundleEndpoint } from "./bundle-endpoint.js";
import { createBundleRefresh, type FollowedDomain } from "./bundle-refresh.js";
import { fetchBundle } from "./fetch-bundle.js";
import { parseTrustBundle } from "./parse-trust-bundle.js";
import { saveBundle, saveFailure } from "./save-bundle.js";
import type { TrustBundle } from "./trust-bundle.js";

/** The bundles of other trust domains: how a relation gets its first one, and how that is kept current. */
export interface Bundles {
  /** Gives the bundle with which a relation begins; `undefined` where the one that is held is kept. Rejects where there is none. */
  first(given: GivenBundle): Promise<TrustBundle | undefined>;
  /** Fetches the bundle of a federated domain now. Rejects when it cannot be had; then the one that is held stays. */
  refresh(trustDomain: string): Promise<void>;
  /** The relations have changed: looks which bundles are due. */
  follow(): void;
  close(): Promise<void>;
}

/** What an operator says of the bundle of a relation. */
export interface GivenBundle {
  readonly trustDomain: string;
  readonly endpoint: BundleEndpoint | undefined;
  /** The bundle as JSON; empty for none. */
  readonly json: string;
  /** Whether the relation is in force, with a bundle. */
  readonly isHeld: boolean;
}

/** What {@link openBundles} works with. */
export interface BundlesOptions {
  readonly store: Store;
  readonly hub: Pick<TrustHub, "trust" | "refresh">;
  /** The SPIFFE ID of the authority, for the audit log. */
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Opens the bundles on a store. They are followed until it is closed. */
export function openBundles({ store, hub, self, clock, log }: BundlesOptions): Bundles {
  const followed = createBundleRefresh({
    domains: async () => (await store.federations.inForce()).map(followedOf),
    async save(domain, bundle, fetchedAt) {
      if (await saveBundle(store, domain, bundle, fetchedAt, self)) await hub.refresh();
    },
    failed: (trustDomain, { message }, at) => saveFailure(store, trustDomain, message, at),
    own: {
      trustDomain: hub.trust.state.trustDomain,
      caCertificates: () => hub.trust.state.caCertificates,
    },
    clock,
    log,
  });

  return {
    async first({ trustDomain, endpoint, json, isHeld }) {
      if (endpoint) checkBundleEndpoint(endpoint);
      if (json !== "") return parseTrustBundle(json, trustDomain, clock.now());
      if (isHeld || !endpoint) return undefined;
      if (endpoint.profile === "https_spiffe") {
        const remedy = "give it as a file, which the operators of that domain have sent";
        throw new InterlockError(
          "FAILED_PRECONDITION",
          `A first bundle is needed to verify its endpoint by: ${remedy}.`,
        );
      }
      const bundle = await fetchBundle(endpoint, trustDomain, [], { clock });
      if (bundle.caCertificates.length > 0) return bundle;
      throw new InterlockError(
        "FAILED_PRECONDITION",
        `The bundle of ${trustDomain} has no CA certificate that can be used.`,
      );
    },
    async refresh(trustDomain) {
      await followed.refresh(trustDomain);
    },
    follow: () => void followed.turn(),
    close: followed.close,
  };
}

/** What is followed of a relation: its bundle alone, without an endpoint. */
function followedOf(row: FederationRow): FollowedDomain {
  const { trustDomain, sequence, fetchedAt, refreshHintSeconds: hint } = row;
  const bundle = {
    caCertificates: casOf(row),
    ...(sequence !== null && { sequence: BigInt(sequence) }),
    ...(hint !== null && { refreshHintSeconds: hint }),
  };
  return { trustDomain, endpoint: endpointOf(row), bundle, fetchedAt };
}

function endpointOf({ endpointUrl: url, endpointProfile, endpointId }: FederationRow): BundleEndpoint | undefined {
  if (url === "") return undefined;
  return endpointProfile === "https_web"
    ? { url, profile: "https_web" }
    : { url, profile: "https_spiffe", spiffeId: endpointId };
}
