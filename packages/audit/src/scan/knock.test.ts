import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { startResetting } from "../testing/resetting-server.js";
import { knock } from "./knock.js";

function ask(address: string, port: number, localPort?: number) {
  return new Promise<{ readonly outcome: string; readonly code: string; readonly ownPort: number | undefined }>(
    (resolve) => {
      knock(address, port, (outcome, code, ownPort) => resolve({ outcome, code, ownPort }), localPort);
    },
  );
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("a knock at a port", () => {
  it("finds a listener, sends nothing, and leaves with a reset", async () => {
    const ends: string[] = [];
    const server = createServer((socket) => {
      socket
        .on("data", (bytes) => ends.push(`${bytes.length} bytes`))
        .on("error", ({ code }: NodeJS.ErrnoException) => {
          ends.push(code ?? "");
          server.close();
        });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const closed = once(server, "close");
    const { outcome, code } = await ask("127.0.0.1", (server.address() as AddressInfo).port);
    assert.deepEqual([outcome, code], ["open", ""]);
    await closed;
    assert.deepEqual(ends, ["ECONNRESET"]);
  });

  it("finds nobody", async () => {
    assert.deepEqual(await ask("127.0.0.1", await freePort()), {
      outcome: "closed",
      code: "ECONNREFUSED",
      ownPort: undefined,
    });
  });

  it("knows a connection that has met itself", async () => {
    const port = await freePort();
    assert.deepEqual(await ask("127.0.0.1", port, port), { outcome: "self", code: "", ownPort: port });
    assert.equal((await ask("127.0.0.1", port)).outcome, "closed");
  });

  for (const [endsFirst, expected] of [
    [false, "ECONNRESET"],
    [true, "EPIPE"],
  ] as const) {
    it(`takes ${expected} for a listener: the connection stood before it was reset`, async () => {
      const server = await startResetting(endsFirst);
      try {
        const asked = ask("127.0.0.1", server.port);
        process.nextTick(() => server.waitForReset());
        const { outcome, code } = await asked;
        assert.deepEqual([outcome, code], ["open", expected]);
      } finally {
        await server.stop();
      }
    });
  }

  it("hears nothing from an address that cannot be reached", async () => {
    const { outcome, code } = await ask("255.255.255.255", 9);
    assert.equal(outcome, "silent", code);
  });
});
