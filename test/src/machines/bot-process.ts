import { InterlockError, joinFleet } from "@interlock/bot";
import { gripperService } from "../gripper-service.js";

/*
 * node bot-process.js <authority> <name> <folder>   joins with INTERLOCK_JOIN_TOKEN, and serves a gripper
 *
 * Prints one line: the address at which it serves, or the error; and its clock. It ends with its standard input.
 */
const [authority = "", name = "", stateDir = ""] = process.argv.slice(2);
const say = (line: object) => process.stdout.write(`${JSON.stringify({ ...line, clock: Date.now() })}\n`);
try {
  const joinToken = process.env.INTERLOCK_JOIN_TOKEN;
  const bot = await joinFleet({ authority, name, joinToken, stateDir });
  const { address } = await bot.serve({ port: 0 }, async (routes) =>
    routes.add(await gripperService(), {
      grip: () => ({ held: true }),
      async *watchForce() {
        yield { newtons: 1 };
        await new Promise(() => {});
      },
    } as never),
  );
  say({ address });
  process.stdin.resume().once("end", () => void bot.close(0).then(() => process.exit(0)));
} catch (thrown) {
  const { code, reason, message } = InterlockError.from(thrown);
  say({ error: { code, reason, message } });
}
