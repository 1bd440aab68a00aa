import { webcrypto } from "node:crypto";

const { subtle } = webcrypto;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const message = new Uint8Array(500);

/** Makes what signs once, as a token is signed. */
export async function bareToken(): Promise<() => Promise<void>> {
  const { privateKey } = await subtle.generateKey(algorithm, false, ["sign", "verify"]);
  return async () => void (await subtle.sign(algorithm, privateKey, message));
}

/** Makes what verifies once, as a certificate request is verified, and signs once, as a certificate is signed. */
export async function bareEnrollment(): Promise<() => Promise<void>> {
  const { privateKey, publicKey } = await subtle.generateKey(algorithm, false, ["sign", "verify"]);
  const signature = await subtle.sign(algorithm, privateKey, message);
  return async () => {
    if (!(await subtle.verify(algorithm, publicKey, signature, message))) throw new Error("the signature is wrong");
    await subtle.sign(algorithm, privateKey, message);
  };
}
