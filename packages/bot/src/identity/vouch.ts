import { createHash } from "node:crypto";

/** What ties the two ends of a connection to each other. */
export interface Bond {
  /** Random, told by the server to the client on that connection alone. */
  readonly voucher: string;
  /** Of the certificates that the two proved themselves with in its handshake. */
  readonly client: string;
  readonly server: string;
}

/**
 * What a client says of an older connection on a newer one: that it is its own as well. It holds nothing secret, and is the
 * same at both ends only where both have seen the same two certificates: whoever sits in between, even with forged ones,
 * cannot have a connection of its own vouched for.
 */
export function vouchFor({ voucher, client, server }: Bond): string {
  return createHash("sha256").update(`interlock-vouch ${voucher} ${client} ${server}`).digest("base64url");
}
