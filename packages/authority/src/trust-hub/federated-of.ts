import type { FederatedDomain } from "@interlock/bot/internal";
import type { FederationRow } from "../store/schema.js";

/** What bots are told of a relation to another trust domain. */
export function federatedOf(row: Omit<FederationRow, "failure">): FederatedDomain {
  return {
    trustDomain: row.trustDomain,
    caCertificates: casOf(row),
    services: JSON.parse(row.services),
    identities: JSON.parse(row.identities),
    since: row.since,
  };
}

/** The CA certificates of its bundle, DER. */
export function casOf({ caCertificates }: Pick<FederationRow, "caCertificates">): Uint8Array[] {
  const kept: readonly string[] = JSON.parse(caCertificates);
  return kept.map((der) => Uint8Array.from(Buffer.from(der, "base64")));
}

/** CA certificates in the form in which a row keeps them. */
export function keptCas(caCertificates: readonly Uint8Array[]): string {
  return JSON.stringify(caCertificates.map((der) => Buffer.from(der).toString("base64")));
}
