/** The part of a trust domain's bundle that is used here (SPIFFE Trust Domain and Bundle, section 4): its CAs. */
export interface TrustBundle {
  /** The CA certificates, DER, each of them once. Empty where the trust domain has withdrawn them all. */
  readonly caCertificates: readonly Uint8Array[];
  /** `spiffe_sequence`: grows with every change. Absent without one. */
  readonly sequence?: bigint;
  /** `spiffe_refresh_hint`: after how many seconds to look again. Absent without one. */
  readonly refreshHintSeconds?: number;
}

/** The longest document that is read, in bytes. Usual ones have 2 to 20 KiB. */
export const maximumBundleBytes = 256 * 1_024;

/** How many keys a document may have, of any use. Usual ones have two to ten. */
export const maximumBundleKeys = 256;

/** How many CA certificates a bundle may have that can be used. */
export const maximumBundleCas = 16;

/** How long these CA certificates may be together, in bytes: a third of what all federated domains may have. Usual ones have 1 to 2 KiB. */
export const maximumCaBytes = 16 * 1_024;

/** The largest sequence number: what a database keeps in 64 bits with a sign. */
export const maximumSequence = 2n ** 63n - 1n;

/** The longest refresh hint that is kept, in seconds: a year. Listings have 32 bits for it. */
export const maximumRefreshHintSeconds = 365 * 24 * 3_600;
