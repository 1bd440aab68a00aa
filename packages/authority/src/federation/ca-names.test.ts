import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { createKeyPair } from "@interlock/bot";
import { maximumFederatedBytes, tlsContext } from "@interlock/bot/internal";
import { BasicConstraintsExtension, X509CertificateGenerator } from "../ca/x509.js";
import { foreignCa } from "../testing/foreign-ca.js";

describe("the names of federated CAs", () => {
  it("fit into the request for a client's certificate, however long they are", async () => {
    const own = await foreignCa("cafe");
    const identity = await own.issue("spiffe://cafe/echo/1");
    const { publicKey, privateKey } = await createKeyPair();
    // As much of the certificate as possible is its name: another CA has issued it.
    const named = async (i: number): Promise<Uint8Array> => {
      const subject = Array.from({ length: 32 }, (_, part) => `OU=${i}-${part}-${"x".repeat(50)}`).join(", ");
      const certificate = await X509CertificateGenerator.create({
        subject,
        issuer: "CN=x",
        publicKey,
        signingKey: privateKey,
        extensions: [new BasicConstraintsExtension(true, 1, true)],
      });
      return new Uint8Array(certificate.rawData);
    };
    const { length } = await named(10);
    const foreign = await Promise.all(
      Array.from({ length: Math.floor(maximumFederatedBytes / length) }, (_, i) => named(10 + i)),
    );
    const context = tlsContext(identity, [own.certificate, ...foreign]);
    const server = createServer({ ...context, requestCert: true, rejectUnauthorized: true }, (socket) =>
      socket.end("in"),
    );
    server.on("tlsClientError", () => {});
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect({
      ...tlsContext(identity, [own.certificate]),
      port: (server.address() as AddressInfo).port,
      host: "127.0.0.1",
      checkServerIdentity: () => undefined,
    });
    try {
      const [said] = await once(client, "data");
      assert.equal(String(said), "in");
    } finally {
      client.destroy();
      server.close();
    }
  });
});
