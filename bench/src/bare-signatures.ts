import { webcrypto } from "node:crypto";

const { subtle } = webcrypto;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const message = new Uint8Array(500);

/** Makes a function that signs once, as for a token. */
export async function bareToken(): Promise<() => Promise<void>> {
  const { privateKey } = await subtle.generateKey(algorithm, false, ["sign", "verify"]);
  return async () => void (await subtle.sign(algorithm, privateKey, message));
}

/** Makes a function that verifies once, as for a certificate request, and signs once, as for a certificate. */
export async function bareEnrollment(): Promise<() => Promise<void>> {
  const { privateKey, publicKey } = await subtle.generateKey(algorithm, false, ["sign", "verify"]);
  const signature = await subtle.sign(algorithm, privateKey, message);
  return async () => {
    if (!(await subtle.verify(algorithm, publicKey, signature, message))) throw new Error("the signature is wrong");
    await subtle.sign(algorithm, privateKey, message);
  };
}
