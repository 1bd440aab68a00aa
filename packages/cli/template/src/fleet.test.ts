import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Authority, startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { coffee } from "./coffee.js";
import { CoffeeService } from "./gen/__package__/coffee/v1/coffee_interlock.js";
import { GripperService } from "./gen/__package__/gripper/v1/gripper_interlock.js";
import { gripper } from "./gripper.js";

// A complete fleet: its own authority, mutual TLS, the grants of grants.yaml.
describe("the fleet", () => {
  const bots: Bot[] = [];
  let dir: string;
  let authority: Authority;

  async function member(name: string): Promise<Bot> {
    const joinToken = await authority.createJoinToken(name);
    const stateDir = join(dir, name);
    const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
    bots.push(bot);
    return bot;
  }

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "fleet-"));
    authority = await startAuthority({
      dataDir: join(dir, "authority"),
      trustDomain: "__package__",
      port: 0,
      log: silentLog,
    });
    await authority.applyGrants(await readFile("grants.yaml", "utf8"));
  });
  after(async () => {
    await Promise.all(bots.map((bot) => bot.close(0)));
    await authority.close();
    await rm(dir, { recursive: true });
  });

  it("lets the operator brew and the coffee bot grip, and refuses everything else", async () => {
    const gripperBot = await member("gripper/1");
    const gripperServer = await gripperBot.serve({ port: 0 }, (routes) => routes.add(GripperService, gripper));
    const coffeeBot = await member("coffee/1");
    const coffeeServer = await coffeeBot.serve({ port: 0 }, (routes) =>
      routes.add(CoffeeService, coffee(coffeeBot.client(GripperService, gripperServer.address))),
    );

    const operator = await member("operator/test");
    const brewed = await operator.client(CoffeeService, coffeeServer.address).brew({ shots: 2 });
    assert.equal(brewed.ready, true);

    // grants.yaml lets operators watch the gripper, but not move it.
    const grip = operator.client(GripperService, gripperServer.address).grip({ newtons: 4 });
    await assert.rejects(async () => grip, { code: "PERMISSION_DENIED", reason: "SCOPE_MISSING" });
  });
});
