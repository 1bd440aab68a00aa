import { duplexPair } from "node:stream";
import { connect, createServer } from "node:tls";
import type { Identity } from "./identity.js";
import { tlsContext } from "./tls-context.js";

/** The time for a handshake within this process, in milliseconds. It takes a few; more means that it hangs. */
const timeoutMs = 5_000;

/**
 * Tries an identity and its CAs in a handshake with itself, in memory, on both sides of a connection: whether the TLS library
 * of this Node loads them, and accepts the chain by its own rules (name constraints, its security level, its format).
 *
 * Node converts the keys of all certificates that a server shows, and some versions do not survive a curve without a NIST
 * name. Each certificate has to be known to have a strong key; see `Certificate.strongKey`.
 *
 * @returns A promise that rejects with the error of TLS.
 */
export async function tryTls(
  identity: Pick<Identity, "chain" | "privateKey">,
  caCertificates: readonly Uint8Array[],
): Promise<void> {
  const context = tlsContext(identity, caCertificates);
  const server = createServer({ ...context, requestCert: true, rejectUnauthorized: true });
  const [near, far] = duplexPair();
  let timer: NodeJS.Timeout | undefined;
  try {
    const accepted = new Promise<void>((resolve, reject) => {
      server.once("secureConnection", (socket) => {
        socket.on("error", () => {}); // The client goes away without a word.
        resolve();
      });
      server.once("tlsClientError", reject);
      timer = setTimeout(() => reject(new Error("the handshake does not come to an end")), timeoutMs);
    });
    server.emit("connection", near);
    // The names in the certificate are judged elsewhere.
    const client = connect({ ...context, socket: far, rejectUnauthorized: true, checkServerIdentity: () => undefined });
    const connected = new Promise<void>((resolve, reject) => {
      client.once("secureConnect", resolve);
      client.on("error", reject);
    });
    await Promise.all([connected, accepted]);
  } finally {
    clearTimeout(timer);
    near.destroy();
    far.destroy();
  }
}
