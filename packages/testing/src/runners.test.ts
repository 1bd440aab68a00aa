import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { EchoService } from "@interlock/bot/testing";
import { createTestFleet } from "./test-fleet.js";

const program = `
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestFleet } from ${JSON.stringify(import.meta.resolve("./index.js"))};
import { EchoService } from ${JSON.stringify(import.meta.resolve("@interlock/bot/testing"))};

test("a fleet that nobody closes", async () => {
  const fleet = await createTestFleet();
  const handlers = { echo: (request) => request, count: async function* () { await new Promise((resolve) => setTimeout(resolve, 20).unref()); yield {}; } };
  const others = Object.fromEntries(["join", "chat", "open", "reset"].map((key) => [key, () => ({})]));
  await fleet.serve(EchoService, { ...others, ...handlers }, { name: "echo/1" });
  const arm = fleet.client(EchoService, { as: "arm/1", scopes: ["echo:call"] });
  assert.equal((await arm.echo({ reason: "a" })).reason, "a");
  for await (const answer of arm.count({})) assert.equal(answer.reason, "");
});
`;

describe("a test fleet in other runners", () => {
  it("runs in node:test, and keeps no process alive but for the calls under way", async () => {
    const folder = await mkdtemp(join(tmpdir(), "interlock-testing-"));
    const file = join(folder, "fleet.test.mjs");
    await writeFile(file, program);
    const environment = { ...process.env };
    delete environment.NODE_TEST_CONTEXT;
    const options = { env: environment, timeout: 15_000 };
    const { stdout } = await promisify(execFile)(process.execPath, ["--test", "--test-reporter=tap", file], options);
    assert.match(stdout, /# pass 1\n# fail 0/);
    await rm(folder, { recursive: true });
  });

  it("opens no socket", async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => /TCP|Pipe|UDP/.test(kind)).length;
    const before = sockets();
    await using fleet = await createTestFleet();
    let during = -1;
    const none = () => ({});
    async function* nothing() {}
    await fleet.serve(
      EchoService,
      {
        echo() {
          during = sockets();
          return {};
        },
        ...{ count: nothing, join: none, chat: nothing, open: none, reset: none },
      },
      { name: "echo/1" },
    );
    await fleet.client(EchoService, { as: "arm/1", scopes: ["echo:call"] }).echo({});
    assert.equal(during, before);
  });
});
