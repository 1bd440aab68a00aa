import { Metadata } from "@grpc/grpc-js";

/*
 * A certificate cannot be exchanged on a connection that there is, and streams may outlive it. So the client, once it has a
 * newer connection to the same server, vouches there for the older one, which then rests on the newer certificates of both.
 */
const voucherKey = "interlock-voucher";
const vouchKey = "interlock-vouch";
const acceptedKey = "interlock-vouch-accepted";

/** How many connections are vouched for at a time. */
const maximumVouches = 32;

/** What a server answers to a stream: by what its client can vouch for the connection. Added to `metadata`, if there is any. */
export function tellVoucher(voucher: string, metadata: Metadata = new Metadata()): Metadata {
  metadata.set(voucherKey, voucher);
  return metadata;
}

/** The voucher in a server's answer, if there is one. */
export function voucherIn(metadata: Metadata): string | undefined {
  return textsOf(metadata, voucherKey)[0];
}

/** The metadata of a call that vouches for older connections. */
export function vouch(vouches: readonly string[]): Metadata {
  const metadata = new Metadata();
  for (const value of vouches.slice(0, maximumVouches)) metadata.add(vouchKey, value);
  return metadata;
}

/** What a call vouches for. */
export function vouchesIn(metadata: Metadata): readonly string[] {
  return textsOf(metadata, vouchKey).slice(0, maximumVouches);
}

/** What a server answers to a call that vouches: what it has accepted. */
export function acceptVouches(accepted: readonly string[], metadata: Metadata = new Metadata()): Metadata {
  for (const value of accepted) metadata.add(acceptedKey, value);
  return metadata;
}

/** What a server has accepted. */
export function acceptedIn(metadata: Metadata): readonly string[] {
  return textsOf(metadata, acceptedKey);
}

// HTTP/2 joins the values of one name with commas, and grpc-js takes them apart again only for some names.
function textsOf(metadata: Metadata, key: string): string[] {
  return metadata.get(key).flatMap((value) => String(value).split(/, */));
}
