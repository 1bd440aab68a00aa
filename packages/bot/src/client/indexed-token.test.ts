import assert from "node:assert/strict";
import { Client, Metadata, Server, ServerCredentials, type ServerUnaryCall } from "@grpc/grpc-js";
import type { Bot } from "../bot.js";
import { certificatesToPem } from "../identity/pem.js";
import { toGrpcService } from "../server/grpc-service.js";
import { serveEcho } from "../testing/echo-server.js";
import { plainCall, plainCredentials, plainOptions } from "../testing/plain-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

const standard = "authorization";
const indexed = "interlock-authorization";
const offer = "interlock-authorization-offer";

describe("a token in the header that HTTP/2 indexes", () => {
  let fleet: TestFleet;
  let caller: Bot;

  beforeEach(async () => {
    fleet = await createTestFleet();
    caller = await fleet.bot("caller/1");
  });
  afterEach(() => caller.close(0));

  /** In which headers the tokens of three calls come to a plain grpc-js server that answers with `offered`. */
  async function headersOfThreeCalls(offered: (thumbprint: string) => string | undefined): Promise<string[][]> {
    const identity = await fleet.ca.issue("spiffe://test/echo/1");
    const seen: string[][] = [];
    const server = new Server();
    server.addService(toGrpcService(EchoService), {
      echo(call: ServerUnaryCall<unknown, unknown>, callback: (error: null, answer: object) => void) {
        seen.push([standard, indexed].filter((key) => call.metadata.get(key).length > 0));
        const value = offered(identity.leaf.thumbprint);
        const metadata = new Metadata();
        if (value !== undefined) metadata.set(offer, value);
        call.sendMetadata(metadata);
        callback(null, {});
      },
    });
    const pair = {
      private_key: Buffer.from(identity.privateKey),
      cert_chain: Buffer.from(certificatesToPem(identity.chain)),
    };
    const secure = ServerCredentials.createSsl(Buffer.from(certificatesToPem([fleet.ca.der])), [pair], true);
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", secure, (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    const echo = caller.client(EchoService, `127.0.0.1:${port}`);
    for (let i = 0; i < 3; i++) await echo.echo({});
    server.forceShutdown();
    return seen;
  }

  it("is shown to a server that has offered it", async () => {
    assert.deepEqual(await headersOfThreeCalls((own) => own), [[standard], [indexed], [indexed]]);
  });

  it("is not shown to one that offers nothing, or in the name of another certificate, as through a proxy", async () => {
    const never = [[standard], [standard], [standard]];
    assert.deepEqual(await headersOfThreeCalls(() => undefined), never);
    assert.deepEqual(
      await headersOfThreeCalls((own) => own.replace(/^./, (first) => (first === "_" ? "-" : "_"))),
      never,
    );
  });

  it("is verified like any other, and refused beside another", async () => {
    const server = await serveEcho(fleet);
    const identity = caller.identity.current();
    const client = new Client(server.address, plainCredentials(fleet, identity), plainOptions);
    const good = `Bearer ${await fleet.token(identity, EchoService.name, ["echo:call"])}`;
    const call = (headers: Record<string, string>) => plainCall(client, EchoService.methods.echo.path, headers);
    await call({ [indexed]: good });
    await assert.rejects(async () => call({ [indexed]: `${good}x` }), /16 UNAUTHENTICATED/);
    await assert.rejects(async () => call({ [indexed]: good, [standard]: good }), /16 UNAUTHENTICATED.*more than one/);
    client.close();
    await server.bot.close(0);
  });
});
