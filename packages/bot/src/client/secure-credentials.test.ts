import assert from "node:assert/strict";
import { createServer } from "node:http2";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { certificatesToPem } from "../identity/pem.js";
import { tlsContext } from "../identity/tls-context.js";
import { decoy, decoyName } from "../testing/decoys.js";
import { createTestFleet, EchoService } from "../testing/test-fleet.js";

// Node itself converts the certificates of a server that TLS has authorized; on Node 23 and later this ends the process.
describe("a client of a member that sends certificates along", () => {
  it("outlives a CA on a curve without a NIST name, with the name of the fleet's own", async () => {
    const fleet = await createTestFleet();
    const mallory = await fleet.ca.issue("spiffe://test/mallory/1");
    const name = decoyName("test");
    const context = tlsContext(mallory, [fleet.ca.der]);
    const http2 = createServer();
    http2.on("stream", (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": 12 }, { endStream: true });
    });
    for (const curve of ["secp256k1", "brainpoolP256r1"]) {
      const decoys = [decoy(curve, { subject: name }), decoy(curve)].map(({ der }) => der);
      const cert = context.cert + certificatesToPem(decoys);
      const options = { ...context, cert, ALPNProtocols: ["h2"], requestCert: true };
      const server = createTlsServer(options, (socket: TLSSocket) => void http2.emit("connection", socket));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as { port: number };
      const bot = await fleet.bot("caller");
      const call = bot.client(EchoService, `127.0.0.1:${port}`).open({}, { timeoutMs: 3_000 });
      // It is a member, so it is believed to be one; what it answers is its own.
      await assert.rejects(call, { code: "UNIMPLEMENTED" });
      await bot.close(0);
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
