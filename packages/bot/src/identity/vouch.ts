import { createHash } from "node:crypto";

/** The values that only the two ends of one connection have in common. */
export interface Bond {
  /** A random value, sent by the server to the client on that connection only. */
  readonly voucher: string;
  /** The thumbprint of the certificate that the client showed in the handshake. */
  readonly client: string;
  /** The thumbprint of the certificate that the server showed in the handshake. */
  readonly server: string;
}

/**
 * The value by which a client says, on a newer connection, that an older one is its own as well. It holds no secret. It is
 * the same at both ends only where both have seen the same two certificates, so an intermediary, even with forged
 * certificates, cannot get a connection of its own vouched for.
 */
export function vouchFor({ voucher, client, server }: Bond): string {
  return createHash("sha256").update(`interlock-vouch ${voucher} ${client} ${server}`).digest("base64url");
}
