import { InterlockError } from "@interlock/bot";
import { maximumFederatedBytes, maximumFederatedDomains, maximumFederatedNameBytes } from "@interlock/bot/internal";
import { derOf, issuersOf } from "../ca/certificate-authority.js";
import type { FederationRow } from "../store/schema.js";
import type { Records, Store } from "../store/store.js";
import { casOf, keptCas } from "../trust-hub/federated-of.js";
import type { BundleEndpoint } from "./bundle-endpoint.js";
import type { Relation } from "./check-relation.js";
import { findLookAlike } from "./look-alike.js";
import type { TrustBundle } from "./trust-bundle.js";

/** A checked relation, with where its bundle comes from. */
export interface NewFederation extends Relation {
  /** Absent for a bundle that stays as it is given. */
  readonly endpoint: BundleEndpoint | undefined;
  /** Absent where the one that is held is kept. */
  readonly bundle: TrustBundle | undefined;
}

/** What {@link addFederation} has done. */
export interface AddedFederation {
  readonly row: FederationRow;
  /** Whether the relation was in force before. */
  readonly changed: boolean;
  readonly trustVersion: number;
}

/** How many relations that were revoked stay on record. */
const keptRevoked = 256;

/**
 * Records a relation: a new one, one after it was revoked, or a change of one that is in force. When this resolves, it is on the disk;
 * `hub.refresh` sends it to every bot. The bundle of a relation that was revoked is gone, so there has to be a new one.
 *
 * Rejects with `FAILED_PRECONDITION` where there is no bundle, and with `RESOURCE_EXHAUSTED` beyond the bounds of the trust.
 */
export function addFederation(
  store: Pick<Store, "transaction">,
  federation: NewFederation,
  now: number,
  by: string,
): Promise<AddedFederation> {
  const { trustDomain, endpoint, services, identities } = federation;
  return store.transaction(async (records) => {
    const before = await records.federations.find(trustDomain);
    const held = before?.revokedAt === null ? before : undefined;
    const row: FederationRow = {
      trustDomain,
      ...keptEndpoint(endpoint),
      services: JSON.stringify(services),
      identities: JSON.stringify(identities),
      ...bundleOf(federation, held, now),
      ...(held && !isAt(held, endpoint) && { failedAt: null, failure: "" }), // It was about another endpoint.
      since: held?.since ?? beginning(before, now),
      addedBy: by,
      revokedAt: null,
      revokedBy: "",
    };
    await refuseUnfit(records, row);
    await records.federations.put(row);
    await records.federations.pruneRevoked(keptRevoked);
    const trustVersion = await records.fleet.nextTrustVersion();
    const done = held ? "changed" : "added";
    const details = {
      done,
      services,
      identities,
      endpoint: row.endpointUrl,
      profile: row.endpointProfile,
      trustVersion,
    };
    await records.auditLog.append({ at: now, kind: "federation", actor: by, subject: trustDomain, details });
    return { row, changed: held !== undefined, trustVersion };
  });
}

/**
 * From when on tokens are good. Their times are in whole seconds: in the second of a revocation, those from before it could not be told from
 * new ones, so all of that second are refused.
 */
function beginning(before: Pick<FederationRow, "revokedAt"> | undefined, now: number): number {
  const second = Math.floor(now / 1_000) * 1_000;
  return before && (before.revokedAt ?? 0) >= second ? second + 1_000 : now;
}

/** An endpoint in the form in which a row keeps it. */
export function keptEndpoint(
  endpoint: BundleEndpoint | undefined,
): Pick<FederationRow, "endpointUrl" | "endpointProfile" | "endpointId"> {
  return {
    endpointUrl: endpoint?.url ?? "",
    endpointProfile: endpoint?.profile ?? "",
    endpointId: endpoint?.profile === "https_spiffe" ? endpoint.spiffeId : "",
  };
}

/** Whether a row has this endpoint. */
export function isAt(row: FederationRow, endpoint: BundleEndpoint | undefined): boolean {
  const { endpointUrl, endpointProfile, endpointId } = keptEndpoint(endpoint);
  return row.endpointUrl === endpointUrl && row.endpointProfile === endpointProfile && row.endpointId === endpointId;
}

type KeptBundle = Pick<
  FederationRow,
  "caCertificates" | "sequence" | "refreshHintSeconds" | "fetchedAt" | "failedAt" | "failure"
>;

function bundleOf({ trustDomain, bundle }: NewFederation, held: FederationRow | undefined, now: number): KeptBundle {
  if (bundle) return keptBundle(bundle, now);
  if (!held) {
    throw new InterlockError(
      "FAILED_PRECONDITION",
      `There is no bundle of ${trustDomain}: give it as a file, or an endpoint.`,
    );
  }
  const { caCertificates, sequence, refreshHintSeconds, fetchedAt, failedAt, failure } = held;
  return { caCertificates, sequence, refreshHintSeconds, fetchedAt, failedAt, failure };
}

/** A bundle in the form in which a row keeps it. */
export function keptBundle({ caCertificates, sequence, refreshHintSeconds }: TrustBundle, now: number): KeptBundle {
  return {
    caCertificates: keptCas(caCertificates),
    sequence: sequence === undefined ? null : String(sequence),
    refreshHintSeconds: refreshHintSeconds ?? null,
    fetchedAt: now,
    failedAt: null,
    failure: "",
  };
}

/**
 * Refuses what bots would leave out, or could not read: more domains, certificates or names than an update of the trust holds; and
 * certificates that could be taken for those of the fleet, or of another federated domain.
 */
export async function refuseUnfit(
  { federations, caCertificates }: Pick<Records, "federations" | "caCertificates">,
  row: FederationRow,
): Promise<void> {
  const others = (await federations.inForce()).filter(({ trustDomain }) => trustDomain !== row.trustDomain);
  if (others.length >= maximumFederatedDomains) {
    throw new InterlockError(
      "RESOURCE_EXHAUSTED",
      `At most ${maximumFederatedDomains} trust domains can be federated.`,
    );
  }
  const bytes = [...others, row].flatMap(casOf).reduce((sum, { length }) => sum + length, 0);
  if (bytes > maximumFederatedBytes) {
    throw new InterlockError(
      "RESOURCE_EXHAUSTED",
      `The CA certificates of all federated trust domains may have ${maximumFederatedBytes} bytes, and would have ${bytes}.`,
    );
  }
  const names = [...others, row].flatMap(({ services, identities }) => [services, identities]).join("").length;
  if (names > maximumFederatedNameBytes) {
    throw new InterlockError(
      "RESOURCE_EXHAUSTED",
      `The services and identity patterns of all federated trust domains may have ${maximumFederatedNameBytes} bytes, and would have ${names}.`,
    );
  }
  const ours = (await caCertificates.list()).flatMap((ca) => [derOf(ca), ...issuersOf(ca)]);
  if (findLookAlike(casOf(row), [...ours, ...others.flatMap(casOf)]) === undefined) return;
  throw new InterlockError(
    "FAILED_PRECONDITION",
    `A CA certificate of ${row.trustDomain} has the name and key identifier of a CA of this fleet, or of another federated ` +
      "domain, which would lock its bots out: have that domain give its CA a name of its own.",
  );
}
