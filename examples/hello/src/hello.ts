// A whole fleet in one command: node dist/hello.js
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority } from "@interlock/authority";
import { joinFleet, silentLog } from "@interlock/bot";
import { CoffeeService } from "./gen/cafe/coffee/v1/coffee_interlock.js";
import { GripperService } from "./gen/cafe/gripper/v1/gripper_interlock.js";
import { showAllowed, showDenied } from "./show.js";
import { startBot } from "./start-bot.js";

const dir = await mkdtemp(join(tmpdir(), "hello-"));
const cleanUps: (() => Promise<unknown>)[] = [() => rm(dir, { recursive: true })];
try {
  const options = { dataDir: join(dir, "authority"), trustDomain: "cafe", port: 0, log: silentLog };
  const authority = await startAuthority(options);
  cleanUps.push(() => authority.close());
  await authority.applyGrants(await readFile(new URL("../grants.yaml", import.meta.url), "utf8"));
  console.log(`the authority is at ${authority.address}`);

  const envFor = async (name: string) => ({
    INTERLOCK_AUTHORITY: authority.address,
    INTERLOCK_JOIN_TOKEN: await authority.createJoinToken(name),
  });
  const gripper = await startBot("gripper", dir, await envFor("gripper/1"));
  cleanUps.push(gripper.stop);
  const coffee = await startBot("coffee", dir, { ...(await envFor("coffee/1")), GRIPPER: gripper.address });
  cleanUps.push(coffee.stop);

  // A person is a member of the fleet like any other.
  const name = "operator/you";
  const joinToken = await authority.createJoinToken(name);
  const stateDir = join(dir, "you");
  const you = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
  cleanUps.push(() => you.close(0));

  // grants.yaml lets operators brew coffee, and lets the coffee bot grip the cup for it.
  await showAllowed(
    "operator/you → CoffeeService/Brew",
    you.client(CoffeeService, coffee.address).brew({ shots: 2 }, { timeoutMs: 5_000 }),
  );
  // It lets operators watch the gripper, but not move it.
  await showDenied(
    "operator/you → GripperService/Grip",
    you.client(GripperService, gripper.address).grip({ newtons: 4 }, { timeoutMs: 5_000 }),
  );
} finally {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
}
