import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { SecureVersion } from "node:tls";
import { certificatesToPem, type Identity } from "@interlock/bot";

/** A server of bundles for tests, over TLS on 127.0.0.1. */
export interface BundleServer {
  /** `https://127.0.0.1:<port>/bundle`. */
  readonly url: string;
  /** How many requests have come. */
  requests(): number;
  /** Answers otherwise from now on. */
  answer(next: RequestListener): void;
  /** Shows another certificate from now on. */
  show(identity: ServerCertificate): void;
  close(): void;
}

type ServerCertificate = Pick<Identity, "chain" | "privateKey">;

/** Answers with a document. */
export function document(text: string): RequestListener {
  return (_request, response) => void response.end(text);
}

/** Starts a server that shows a certificate, and answers with `listener`. */
export async function startBundleServer(
  identity: ServerCertificate,
  listener: RequestListener,
  maxVersion: SecureVersion = "TLSv1.3",
): Promise<BundleServer> {
  let answer = listener;
  let requests = 0;
  const server = createServer({ ...contextOf(identity), minVersion: "TLSv1.1", maxVersion }, (request, response) => {
    requests++;
    answer(request, response);
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/bundle`,
    requests: () => requests,
    answer(next) {
      answer = next;
    },
    show: (next) => server.setSecureContext(contextOf(next)),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function contextOf({ chain, privateKey }: ServerCertificate) {
  return { cert: certificatesToPem(chain), key: privateKey };
}
