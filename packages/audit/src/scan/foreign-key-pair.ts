import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { writeDer } from "@interlock/bot/internal";
import type { KeyPair } from "./try-tls.js";

const day = 86_400_000;
const oid = (...bytes: number[]) => writeDer(0x06, Buffer.from(bytes));
const sequence = (...content: Uint8Array[]) => writeDer(0x30, ...content);
// RFC 5280 and RFC 5758, section 3.2.
const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const commonName = oid(0x55, 0x04, 0x03);

/** The common name of the certificate that a scan makes for itself, so that its source can be told from a log of refused certificates. */
export const foreignName = "interlock-scan";

/** Makes a certificate that no CA has signed, valid for a day around `now` (milliseconds since the epoch), with its key. */
export function createForeignKeyPair(now: number): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(writeDer(0x31, sequence(commonName, writeDer(0x0c, Buffer.from(foreignName)))));
  const signed = sequence(
    writeDer(0x02, Buffer.concat([Buffer.of(0x41), randomBytes(15)])),
    ecdsaWithSha256,
    name,
    sequence(utcTime(now - day / 2), utcTime(now + day / 2)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign("sha256", signed, privateKey);
  // Without a version it is one of version 1, which needs no extensions.
  const der = sequence(signed, ecdsaWithSha256, writeDer(0x03, Buffer.of(0), signature));
  return {
    chain: `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** A time as `YYMMDDHHMMSSZ` (RFC 5280, section 4.1.2.5.1). */
function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, "").slice(2, 14);
  return writeDer(0x17, Buffer.from(`${digits}Z`));
}
