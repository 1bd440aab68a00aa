import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import { certificatesToPem, InterlockError, reasons } from "@interlock/bot";
import { peerChain, verifyPeer } from "@interlock/bot/internal";
import type { SpiffeId } from "@interlock/policy";

/** How the server of a bundle endpoint is decided on. */
export interface ServerCheck {
  /** The CA certificates that TLS believes, PEM. Absent: those that Node comes with. */
  readonly ca: readonly string[] | undefined;
  /** Decides on a server whose chain TLS has verified. Gives the reason to refuse it. */
  check(socket: TLSSocket): Error | undefined;
}

/** The check of `https_web`: the server's certificate names the host (RFC 6125). `ca` is one file, PEM. Default: the Web PKI. */
export function checkWebServer(host: string, ca?: string): ServerCheck {
  return {
    ca: ca === undefined ? undefined : [ca],
    check(socket) {
      const leaf = socket.getPeerX509Certificate();
      const named = isIP(host)
        ? leaf?.checkIP(host)
        : leaf?.checkHost(host, { subject: "never", partialWildcards: false });
      return named === undefined ? refused(`its certificate is not for ${host}`) : undefined;
    },
  };
}

/** What a server of `https_spiffe` has to prove. */
export interface SpiffeExpectation {
  readonly spiffeId: SpiffeId;
  /** The CA certificates of its trust domain, DER. */
  readonly caCertificates: readonly Uint8Array[];
  readonly now: () => number;
}

/** The check of `https_spiffe`: the server's certificate is an X.509-SVID of exactly this SPIFFE ID. Its host is of no concern. */
export function checkSpiffeServer({ spiffeId, caCertificates, now }: SpiffeExpectation): ServerCheck {
  const { trustDomain } = spiffeId;
  return {
    ca: caCertificates.map((der) => certificatesToPem([der])),
    check(socket) {
      const peer = verifyPeer(peerChain(socket), { peer: "server", trustDomain, now: now(), caCertificates });
      if (typeof peer === "string") return refused(reasons[peer][1]);
      // SPIFFE IDs are compared as they are. What another one is called is not repeated: it is a stranger's text.
      return peer.id.uri === spiffeId.uri ? undefined : refused(`its certificate is not of ${spiffeId.uri}`);
    },
  };
}

/** Says why the server at an endpoint is not believed. */
function refused(detail: string): InterlockError {
  return new InterlockError("UNAVAILABLE", `The server is not the one of the bundle endpoint: ${detail}.`);
}
