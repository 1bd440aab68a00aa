import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { type ConnectionOptions, connect, type SecureVersion, type TLSSocket } from "node:tls";
import type { Endpoint } from "./connect.js";
import type { Tap } from "./tap.js";
import { hasServerHello, isTls, wasAskedForCertificate } from "./tls-records.js";

/** A certificate with its key, as it is shown to a server. */
export interface KeyPair {
  /** The chain, PEM, the leaf first. */
  readonly chain: string;
  /** The key, PEM. */
  readonly key: string;
}

/** What a handshake is tried with. */
export interface TlsTrial {
  /** The only version to offer. Default: all from TLS 1.0 to TLS 1.3. */
  readonly version?: SecureVersion;
  /** What to show where the server asks for a certificate. Default: nothing. */
  readonly keyPair?: KeyPair | undefined;
  /** The roots against which the server's chain is judged, PEM. Default: none. */
  readonly ca?: string | undefined;
}

/** What became of a handshake. */
export interface TlsOutcome {
  /** The socket over which to go on; absent when the handshake failed. TLS 1.3 may still refuse the client after it. */
  readonly socket?: TLSSocket | undefined;
  /** Whether anything that has come was TLS. */
  readonly isTls: boolean;
  /** Whether the server accepted a version that was offered. */
  readonly accepted: boolean;
  readonly version: string | undefined;
  /** The protocol that was negotiated; empty for none. */
  readonly alpn: string;
  readonly certificate?: X509Certificate | undefined;
  /** Whether the server's chain leads to one of the given roots. */
  readonly trusted: boolean;
  /** Whether the server has asked for a certificate: exact once it has been answered. */
  asked(): boolean;
}

/** Makes a TLS handshake over a tap, and waits for its end. Nothing follows it. */
export function tryTls(tap: Tap, { host, timeoutMs }: Endpoint, trial: TlsTrial = {}): Promise<TlsOutcome> {
  const { version, keyPair, ca } = trial;
  const options: ConnectionOptions = {
    socket: tap.stream,
    ALPNProtocols: ["h2", "http/1.1"],
    minVersion: version ?? "TLSv1",
    maxVersion: version ?? "TLSv1.3",
    // TLS 1.0 and 1.1 sign with SHA-1, which OpenSSL 3 offers at level 0 only.
    ciphers: "DEFAULT@SECLEVEL=0",
    rejectUnauthorized: false,
    // Names are judged later; Node itself stops at the first mismatch.
    checkServerIdentity: () => undefined,
    ...(isIP(host) === 0 && { servername: host }),
    ...(keyPair && { cert: keyPair.chain, key: keyPair.key }),
    ...(ca !== undefined && { ca }),
  };
  return new Promise((resolve) => {
    const socket = connect(options);
    // The names of the suite and version are gone when the socket is destroyed.
    let [negotiated, cipher] = [null as string | null, ""];
    const settle = (done: boolean) => {
      clearTimeout(timer);
      socket.off("close", ended).off("secureConnect", secured);
      if (done) [negotiated, cipher] = [socket.getProtocol(), socket.getCipher().standardName];
      const received = tap.received();
      resolve({
        socket: done ? socket : undefined,
        isTls: isTls(received),
        accepted: hasServerHello(received),
        version: negotiated ?? undefined,
        alpn: typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : "",
        certificate: done ? leafOf(socket) : undefined,
        trusted: done && socket.authorized,
        asked: () => wasAskedForCertificate(tap.sent(), negotiated, cipher),
      });
      if (!done) tap.cut();
    };
    const secured = () => settle(true);
    const ended = () => settle(false);
    const timer = setTimeout(ended, timeoutMs);
    socket.on("error", ended);
    socket.once("close", ended).once("secureConnect", secured);
    tap.heard(timeoutMs).then(() => {
      // An answer that is not TLS may lack its end: OpenSSL would wait for the rest of a record.
      if (tap.received().length > 0 && !isTls(tap.received())) ended();
    });
  });
}

function leafOf(socket: TLSSocket): X509Certificate | undefined {
  try {
    return socket.getPeerX509Certificate();
  } catch {
    return undefined; // What OpenSSL could read and Node cannot.
  }
}
