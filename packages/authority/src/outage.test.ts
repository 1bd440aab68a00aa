import assert from "node:assert/strict";
import { join } from "node:path";
import { type Bot, joinFleet, type Log, type LogFields } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { startTestAuthority, type TestAuthority } from "./testing/test-authority.js";

describe("a bot whose authority goes away", () => {
  let fleet: TestAuthority;
  let lines: [string, LogFields][];
  let heard: () => void = () => {};
  const take = (message: string, fields: LogFields = {}) => {
    lines.push([message, fields]);
    heard();
  };
  const log: Log = { info: take, warn: take, error: take };

  /** Resolves with the fields of the first line with this message, once there is one. */
  function line(message: string): Promise<LogFields> {
    return new Promise((resolve) => {
      heard = () => {
        const found = lines.find(([text]) => text === message);
        if (found) resolve(found[1]);
      };
      heard();
    });
  }

  const start = (): Promise<Bot> =>
    joinFleet({
      authority: fleet.authority.address,
      name: "operator/alice",
      stateDir: join(fleet.folder, "bots", "operator/alice"),
      log,
    });

  beforeEach(async () => {
    lines = [];
    fleet = await startTestAuthority();
    await (await fleet.bot("operator/alice")).close(0);
  });
  afterEach(() => fleet.close());

  it("says so once, starts without it and says what it waits for, and is back by itself", async () => {
    const { address } = fleet.authority;
    const first = await start();
    await fleet.authority.close();
    const { authority, since } = await line("authority unreachable");
    assert.equal(authority, address);
    assert.ok(Date.parse(String(since)) <= Date.now());
    await first.close(0);

    lines = [];
    const second = await start();
    const waiting = await line("started without the authority");
    assert.deepEqual([waiting.authority, waiting.works], [address, "serving methods of low and medium risk"]);
    const admin = second.client(AdminService, address);
    for (const timeoutMs of [5_000, 5_000, 5_000]) {
      await assert.rejects(admin.listBots({}, { timeoutMs }), {
        reason: "AUTHORITY_UNREACHABLE",
        code: "UNAVAILABLE",
        message: new RegExp(`operator/alice gets no token for ${AdminService.name} from the authority at ${address}`),
      });
    }
    assert.equal(lines.filter(([message]) => message === "authority unreachable").length, 1);

    const began = Date.now();
    await fleet.restart();
    const { awaySeconds } = await line("connected again");
    assert.ok(Number(awaySeconds) >= 0);
    assert.ok(Date.now() - began < 15_000);
    assert.equal(second.trust.isStale(), false);
    await admin.listBots({});
    await second.close(0);
  });
});
