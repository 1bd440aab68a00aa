import { BundleProfile, type BundleEndpoint as WireEndpoint } from "@interlock/bot/protocol";
import { addFederation } from "../../federation/add-federation.js";
import type { BundleEndpoint } from "../../federation/bundle-endpoint.js";
import { checkRelation } from "../../federation/check-relation.js";
import { findInForce, revokeFederation } from "../../federation/revoke-federation.js";
import { invalid } from "../invalid.js";
import { readPage } from "../page.js";
import { federationToWire } from "../to-wire.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";

/** The maximum length of the reason for a revocation, in characters. */
const maximumReasonLength = 500;

type Parts = Pick<AdminParts, "store" | "hub" | "bundles" | "clock" | "log" | "own">;
type Names = "addFederation" | "listFederations" | "refreshFederation" | "revokeFederation";

/** Creates the handlers for the relations to other trust domains. */
export function federationHandlers({ store, hub, bundles, clock, log, own }: Parts): AdminHandlers<Names> {
  return {
    async addFederation(request, { caller }) {
      const relation = checkRelation(request, own().trustDomain);
      const endpoint = request.endpoint && endpointOf(request.endpoint);
      const held = await store.federations.find(relation.trustDomain);
      const isHeld = held?.revokedAt === null;
      const bundle = await bundles.first({ ...relation, endpoint, json: request.bundle, isHeld });
      const by = caller.spiffeId.uri;
      const added = await addFederation(store, { ...relation, endpoint, bundle }, clock.now(), by);
      await hub.refresh();
      bundles.follow();
      const { trustDomain, services, identities } = relation;
      const named = { services: services.join(" "), identities: identities.join(" ") };
      log.warn("trust domain federated", { trustDomain, ...named, changed: added.changed, by: caller.name });
      return {
        federation: federationToWire(added.row),
        changed: added.changed,
        trustVersion: BigInt(added.trustVersion),
      };
    },

    async listFederations({ pageToken }) {
      const { items: federations, nextPageToken } = await readPage(pageToken, store.federations.page, {
        key: [""],
        keyOf: ({ trustDomain }) => [trustDomain],
        toItem: federationToWire,
        most: 64,
      });
      return { federations, nextPageToken };
    },

    async refreshFederation({ trustDomain }) {
      const row = await findInForce(store.federations, trustDomain);
      if (row.endpointUrl === "") {
        throw invalid(
          `There is no endpoint of ${trustDomain}: give its new bundle as a file with "interlock federation add".`,
        );
      }
      await bundles.refresh(trustDomain);
      return { federation: federationToWire(await findInForce(store.federations, trustDomain)) };
    },

    async revokeFederation({ trustDomain, reason }, { caller }) {
      if (reason.length > maximumReasonLength || reason.includes("\0")) {
        throw invalid(`The reason is too long, or has a NUL character: use at most ${maximumReasonLength} characters.`);
      }
      const by = caller.spiffeId.uri;
      const { row, trustVersion } = await revokeFederation(store, { trustDomain, reason }, clock.now(), by);
      await hub.refresh();
      bundles.follow();
      log.warn("trust domain revoked", { trustDomain, reason, by: caller.name });
      return { federation: federationToWire(row), trustVersion: BigInt(trustVersion) };
    },
  };
}

function endpointOf({ url, profile, spiffeId }: WireEndpoint): BundleEndpoint {
  if (profile === BundleProfile.BUNDLE_PROFILE_HTTPS_WEB) return { url, profile: "https_web" };
  if (profile === BundleProfile.BUNDLE_PROFILE_HTTPS_SPIFFE) return { url, profile: "https_spiffe", spiffeId };
  throw invalid("Say how the bundle endpoint proves itself: https_web or https_spiffe.");
}
