import { Metadata } from "@grpc/grpc-js";

/*
 * The certificates of an open connection cannot be replaced, and streams may outlive them. So a client that has a newer
 * connection to the same server vouches there for the older one, which then has the newer certificates of both ends.
 */
const voucherKey = "interlock-voucher";
const vouchKey = "interlock-vouch";
const acceptedKey = "interlock-vouch-accepted";

/** How many connections one call can vouch for. */
const maximumVouches = 32;

/** Adds the voucher of the connection to a server's answer to a stream. */
export function tellVoucher(voucher: string, metadata: Metadata = new Metadata()): Metadata {
  metadata.set(voucherKey, voucher);
  return metadata;
}

/** The voucher in a server's answer, if there is one. */
export function voucherIn(metadata: Metadata): string | undefined {
  return textsOf(metadata, voucherKey)[0];
}

/** Makes the metadata of a call that vouches for older connections. */
export function vouch(vouches: readonly string[]): Metadata {
  const metadata = new Metadata();
  for (const value of vouches.slice(0, maximumVouches)) metadata.add(vouchKey, value);
  return metadata;
}

/** The vouches in the metadata of a call, at most 32. */
export function vouchesIn(metadata: Metadata): readonly string[] {
  return textsOf(metadata, vouchKey).slice(0, maximumVouches);
}

/** Adds the vouches that a server has accepted to its answer. */
export function acceptVouches(accepted: readonly string[], metadata: Metadata = new Metadata()): Metadata {
  for (const value of accepted) metadata.add(acceptedKey, value);
  return metadata;
}

/** The vouches that a server has accepted, in its answer. */
export function acceptedIn(metadata: Metadata): readonly string[] {
  return textsOf(metadata, acceptedKey);
}

// HTTP/2 joins the values of one name with commas, and grpc-js separates them again only for some names.
function textsOf(metadata: Metadata, key: string): string[] {
  return metadata.get(key).flatMap((value) => String(value).split(/, */));
}
