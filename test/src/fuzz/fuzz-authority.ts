import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { AdminService, AuthorityService, EnrollmentService } from "@interlock/bot/protocol";
import { casesOf } from "./cases.js";
import { fuzzDoor } from "./fuzz-door.js";
import type { Fuzzed, FuzzOptions } from "./fuzzed.js";
import { createRandom } from "./random.js";
import { type Answers, tryCases } from "./try-cases.js";

const audience = "test.EchoService";
const grants = `grants: {"honest/*": {${audience}: ["echo:call"]}}`;

/**
 * Sends an authority every request with every field at its extremes, as strangers, as a bot and as an operator. Meanwhile an honest bot asks for
 * tokens, and others join.
 *
 * @param store - The database of the authority. Default: SQLite.
 */
export async function fuzzAuthority({ seed, mixed, share }: FuzzOptions, store?: string): Promise<Fuzzed> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-fuzz-"));
  const where =
    store === undefined ? { dataDir: join(folder, "authority") } : { store, keyPassphrase: "only for a test" };
  const authority = await startAuthority({ trustDomain: "cafe", port: 0, log: silentLog, ...where });
  const bots: Bot[] = [];
  async function joinAs(name: string): Promise<Bot> {
    const stateDir = join(folder, `${bots.length}`);
    const joinToken = await authority.createJoinToken(name);
    const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
    bots.push(bot);
    return bot;
  }
  const answers: Answers = {};
  const problems: string[] = [];
  let count = 0;
  try {
    const honest = (await joinAs("honest/1")).client(AuthorityService, authority.address);
    let joined = 1;
    async function check(): Promise<void> {
      await authority.applyGrants(grants); // The fuzz may change them: it has the right to.
      const { token } = await honest.issueToken({ audience, scopes: ["echo:call"] }, { timeoutMs: 5_000 });
      if (token === "") throw new Error("the honest bot got no token");
    }
    await check();
    const random = createRandom(seed);
    const admin = (await joinAs("operator/alice")).client(AdminService, authority.address);
    const { joinToken } = await admin.createJoinToken({ name: "fuzz/*", uses: 10_000 });
    const { port } = authority;
    const identity = (await joinAs("stranger/1")).identity.current();
    const door = { port, joinToken, name: "fuzz/1", identity, check };
    const strangers = await fuzzDoor(door, random, { mixed, share });
    count += strangers.count;
    for (const [answer, times] of Object.entries(strangers.answers)) answers[answer] = (answers[answer] ?? 0) + times;
    problems.push(...strangers.problems.map((problem) => `strangers: ${problem}`));
    for (const definition of [EnrollmentService, AuthorityService, AdminService]) {
      const fuzzers = [await joinAs("operator/fuzz-1"), await joinAs("operator/fuzz-2")];
      const cases = casesOf(definition, random, { mixed, share });
      count += cases.length;
      const result = await tryCases(fuzzers, definition, authority.address, cases, { check });
      for (const [answer, times] of Object.entries(result.answers)) answers[answer] = (answers[answer] ?? 0) + times;
      problems.push(...result.problems.map((problem) => `${definition.name}: ${problem}`));
      await joinAs(`honest/${++joined}`);
    }
  } catch (error) {
    problems.push(`at the end: ${String(error)}`);
  } finally {
    for (const bot of bots) await bot.close(0);
    await authority.close();
    await rm(folder, { recursive: true });
  }
  return { cases: count, answers, problems };
}
