import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { startAuthority } from "@interlock/authority";
import { type Bot, certificatesToPem, fromFiles, joinFleet, silentLog, systemClock } from "@interlock/bot";
import { createTestCa, EchoService } from "@interlock/bot/testing";
import { makeTemporaryFolder, type TemporaryFolder } from "@interlock/testing-processes";
import { serveCallers } from "./echo-handlers.js";

// docs/linkerd.md
describe("bots beside Linkerd's proxies", () => {
  let temporary: TemporaryFolder;

  beforeEach(() => {
    temporary = makeTemporaryFolder("linkerd");
  });
  afterEach(() => temporary.remove());

  it("have no use for an identity of Linkerd's: it has a DNS name and no SPIFFE ID", async () => {
    const ca = await createTestCa("identity.linkerd.cluster.local");
    const { keys, der } = await ca.issueRaw({ dns: ["gripper.plant.serviceaccount.identity.linkerd.cluster.local"] });
    const at = (name: string) => join(temporary.path, name);
    await writeFile(at("key.pem"), keys.privateKeyPem, { mode: 0o600 });
    await writeFile(at("cert.pem"), certificatesToPem([der]));
    await writeFile(at("ca.pem"), certificatesToPem([ca.der]));
    const provider = fromFiles({ certificate: at("cert.pem"), key: at("key.pem"), ca: at("ca.pem") });
    await assert.rejects(provider.open({ clock: systemClock, log: silentLog }), {
      code: "FAILED_PRECONDITION",
      message: /exactly one SPIFFE ID/,
    });
  });

  it("see each other, and not the proxies, through any number of them: their TLS is passed on as bytes", async () => {
    const options = { dataDir: join(temporary.path, "authority"), trustDomain: "plant", port: 0, log: silentLog };
    const authority = await startAuthority(options);
    const bots: Bot[] = [];
    const proxies: Server[] = [];
    const enter = async (name: string): Promise<Bot> => {
      const joinToken = await authority.createJoinToken(name);
      const stateDir = join(temporary.path, name);
      const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
      bots.push(bot);
      return bot;
    };
    try {
      await authority.applyGrants(`grants: {"caller/*": {${EchoService.name}: ["echo:call"]}}`);
      const gripper = await enter("gripper/1");
      const caller = await enter("caller/1");
      const { port } = await serveCallers(gripper);
      const inbound = await proxy(port, proxies);
      const outbound = await proxy(inbound, proxies);
      const client = caller.client(EchoService, `127.0.0.1:${outbound}`, { server: "gripper/1" });
      assert.equal((await client.echo({})).reason, "spiffe://plant/caller/1");
      let seen = 0;
      for await (const _ of client.count({})) if (++seen === 3) break;
      const wrong = caller.client(EchoService, `127.0.0.1:${outbound}`, { server: "gripper/2" });
      await assert.rejects(wrong.echo({}), /gripper\/2/);
    } finally {
      await Promise.all(bots.map((bot) => bot.close(0)));
      for (const server of proxies) server.close();
      await authority.close();
    }
  });
});

/** What a proxy of Linkerd is to a connection that begins with a ClientHello: bytes, both ways. Gives its port. */
async function proxy(port: number, proxies: Server[]): Promise<number> {
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    near.on("error", () => far.destroy()).pipe(far);
    far.on("error", () => near.destroy()).pipe(near);
  });
  proxies.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
