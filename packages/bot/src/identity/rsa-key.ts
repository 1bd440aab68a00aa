/** The bounds of the size of an RSA modulus, in bits. Below, it is weak (FIPS 186-5, section 5.1); above, it only costs time. */
export const rsaBits = { minimum: 2_048, maximum: 8_192 } as const;

// FIPS 186-5, section 5.4: odd, and above 2^16. The upper bound is OpenSSL's, for large moduli.
const minimumExponent = 65_537n;
const maximumExponentBits = 64;

/**
 * Whether an RSA public key is sound: of 2,048 to 8,192 bits, both of its numbers odd, and the exponent from 65,537 up. With
 * the exponent 1 anyone could sign, with a small one padding is easier to forge.
 *
 * @param modulus - The modulus, the most significant byte first; zeros before it do not count.
 * @param exponent - The public exponent, likewise.
 */
export function isSoundRsaKey(modulus: Uint8Array, exponent: Uint8Array): boolean {
  const bits = bitLength(modulus);
  if (bits < rsaBits.minimum || bits > rsaBits.maximum || bitLength(exponent) > maximumExponentBits) return false;
  const e = BigInt(`0x0${Buffer.from(exponent).toString("hex")}`);
  return e >= minimumExponent && e % 2n === 1n && ((modulus.at(-1) ?? 0) & 1) === 1;
}

function bitLength(number: Uint8Array): number {
  const first = number.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (number.length - first) * 8 - Math.clz32(number[first] as number) + 24;
}
