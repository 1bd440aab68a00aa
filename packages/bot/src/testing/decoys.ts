import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { bits, element, integer, oid, sequence, text, utcTime } from "./der.js";
import { basicConstraints, extension, keyUsage } from "./hand-made.js";

const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));
const hour = 3_600_000;

/** A certificate that nobody has asked for, with its key. */
export interface Decoy {
  readonly der: Uint8Array;
  readonly key: KeyObject;
  /** The key as PKCS #8, PEM. */
  readonly privateKey: string;
}

/** The name of a decoy, DER. Default: `CN=` and 8 random characters. */
export function decoyName(value: string = randomBytes(4).toString("hex")): Buffer {
  return sequence(element(0x31, sequence(oid("2.5.4.3"), text(0x0c, value))));
}

/**
 * Makes a certificate with an EC key on `curve`, signed by its own key or by another decoy's, whatever its names.
 * `secp256k1` and the Brainpool curves have no NIST name, and end a process that converts them on Node 23 and later.
 */
export function decoy(
  curve: string,
  { subject = decoyName(), issuer = subject, signer }: { subject?: Buffer; issuer?: Buffer; signer?: Decoy } = {},
): Decoy {
  const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: curve });
  const tbs = sequence(
    element(0xa0, integer(2)),
    integer(0x41, ...randomBytes(15)),
    ecdsaWithSha256,
    issuer,
    sequence(utcTime(Date.now() - hour), utcTime(Date.now() + hour)),
    subject,
    createPublicKey(key).export({ type: "spki", format: "der" }),
    element(
      0xa3,
      sequence(
        basicConstraints(Buffer.of(1, 1, 0xff)),
        keyUsage(1, 0x86),
        extension("2.5.29.14", element(4, randomBytes(20))),
      ),
    ),
  );
  const signature = sign("sha256", tbs, signer?.key ?? key);
  const privateKey = key.export({ type: "pkcs8", format: "pem" }) as string;
  return { der: sequence(tbs, ecdsaWithSha256, bits(0, signature)), key, privateKey };
}

/** A leaf below a CA of the attacker's own making on `curve`, as it is shown in a handshake. */
export function decoyChain(curve: string): { readonly privateKey: string; readonly chain: readonly Uint8Array[] } {
  const name = decoyName();
  const ca = decoy(curve, { subject: name });
  const leaf = decoy("P-256", { issuer: name, signer: ca });
  return { privateKey: leaf.privateKey, chain: [leaf.der, ca.der] };
}

/** A leaf, and as many junk certificates as a handshake of OpenSSL takes at the most (100 KiB), up to `count`. */
export function junkChain(count = 300): { readonly privateKey: string; readonly chain: readonly Uint8Array[] } {
  const name = decoyName("a");
  const issuer = decoy("P-256", { subject: name });
  const leaf = decoy("P-256", { issuer: name, signer: issuer });
  const most = Math.min(count, Math.floor((100 * 1_024 - leaf.der.length - 1_024) / (issuer.der.length + 5)));
  return { privateKey: leaf.privateKey, chain: [leaf.der, ...Array.from({ length: most }, () => issuer.der)] };
}
