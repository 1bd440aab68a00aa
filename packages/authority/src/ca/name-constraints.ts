import { Extension } from "./x509.js";

/**
 * Says in a CA certificate that what it signs is of one trust domain: a URI name constraint (RFC 5280, section
 * 4.2.1.10), critical, which whoever verifies a chain has to heed. So a CA that leaks, or that another fleet trusts as
 * well, vouches for no other fleet's bots.
 */
export function nameConstraints(trustDomain: string): Extension {
  const uri = element(0x86, Buffer.from(trustDomain, "ascii")); // [6] uniformResourceIdentifier, of which the host counts
  const permitted = element(0xa0, element(0x30, uri)); // [0] permittedSubtrees, a list of one
  return new Extension("2.5.29.30", true, Uint8Array.from(element(0x30, permitted)));
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}
