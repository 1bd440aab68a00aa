/**
 * Writes certificates as PEM (RFC 7468), one after the other.
 *
 * @param chain - The certificates, DER.
 * @returns The text of a PEM file.
 */
export function certificatesToPem(chain: readonly Uint8Array[]): string {
  return chain
    .map((der) => {
      const lines =
        Buffer.from(der)
          .toString("base64")
          .match(/.{1,64}/g) ?? [];
      return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
    })
    .join("");
}

/** Reads every certificate of a PEM file as DER. Text between them is skipped. */
export function certificatesFromPem(pem: string): Uint8Array[] {
  const blocks = pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g);
  return [...blocks].map(([, body]) => Uint8Array.from(Buffer.from(body ?? "", "base64")));
}
