import { InterlockError } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { gripperService, operatorStage } from "./operator-stage.js";
import type { Answer, Row, Variant } from "./row.js";

/** Reaches the clipboard, clears the screen, begins a line anew, changes the order of the text, in C0, C1 and Unicode. */
const hostile =
  "evil \x1b]52;c;ZXZpbA==\x07 \x1b[2J\x1b[H \x9b2J \x9d0;x\x9c \r\b \x7f \u202egpj\u2066\u2069 \u061c\u200f \u2028 end";

const unprintable = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** "refused" when the hostile text has been shown as text. */
function answerTo(printed: string): Answer {
  if (!printed.includes("evil") || !printed.includes("end")) throw new Error(`the text was not shown: ${printed}`);
  const found = unprintable.exec(printed);
  return found ? (found[0].codePointAt(0) ?? 0) : "refused";
}

const printableRow: Row = {
  row: 49,
  attack: "control characters in reasons, error texts, names, read by an operator",
  async play() {
    const stage = await operatorStage();
    const evil = await stage.joinAs("gripper/evil");
    let fails = false;
    const address = await stage.serveGripper(evil, () => {
      if (fails) throw new InterlockError("FAILED_PRECONDITION", hostile);
    });
    await stage.authority.revoke({ kind: "pattern", subject: "mallory/*" }, hostile);
    const show = (name: string, ...args: readonly string[]): Variant => ({
      name,
      answer: "refused",
      attack: async () => answerTo((await stage.interlock(...args)).printed),
    });
    const fail = (name: string, ...options: readonly string[]): Variant => ({
      name,
      answer: "refused",
      async attack() {
        fails = true;
        const { code, printed } = await stage.grip("--address", address, ...options);
        fails = false;
        if (code !== 1) throw new Error(`the call did not fail: ${printed}`);
        return answerTo(printed);
      },
    });
    return stage.play(
      [
        fail("the text of a bot's error"),
        fail("the text of a bot's error, as JSON", "--json"),
        show("the reason of a revocation", "revocations"),
        show("the reason of a revocation, as JSON", "revocations", "--json"),
      ],
      {
        async control() {
          const { code, printed } = await stage.grip("--address", address);
          if (code !== 0) throw new Error(`the call failed: ${printed}`);
        },
        handled: () => 0,
        perControl: 0,
      },
    );
  },
};

const servedByRow: Row = {
  row: 50,
  attack: "reports itself for a service that it may not serve",
  async play() {
    const stage = await operatorStage();
    const [honest, mallory, away] = [
      await stage.joinAs("gripper/1"),
      await stage.joinAs("mallory/1"),
      await stage.joinAs("gripper/2"),
    ];
    let [served, stolen] = [0, 0];
    await stage.serveGripper(honest, () => served++);
    // Not before the control: a bot that serves is reported at once.
    let serving: Promise<string> | undefined;
    const evil = () => (serving ??= stage.serveGripper(mallory, () => stolen++));
    const report = (bot: typeof mallory, service: string, address: string) =>
      bot.client(AuthorityService, stage.authority.address).report({ endpoints: [{ service, address }] });

    async function call(): Promise<Answer> {
      const before = served;
      const { code, printed } = await stage.grip();
      if (stolen > 0) return 0;
      if (code !== 0 || served !== before + 1) throw new Error(`the honest bot was not called: ${printed}`);
      return "refused";
    }
    async function listed(service: string, servedBy: readonly string[] = []): Promise<Answer> {
      const { endpoints } = await stage.admin.findEndpoints({ service, servedBy });
      if (endpoints.length === 0) throw new Error("the directory is empty");
      return endpoints.some(({ spiffeId }) => spiffeId === mallory.spiffeId.uri) ? 0 : "refused";
    }
    const variant = (name: string, attack: () => Promise<Answer>): Variant => ({ name, answer: "refused", attack });
    return stage.play(
      [
        variant("a bot that does not match served_by is not in the directory", async () => {
          await report(mallory, gripperService, await evil());
          return listed(gripperService, ["gripper/*"]);
        }),
        variant("interlock call, with the latest report from a bot that may not serve it", async () => {
          await report(mallory, gripperService, await evil());
          return call();
        }),
        variant("a service of the authority itself", async () => {
          await report(mallory, "interlock.authority.v1.AdminService", await evil());
          return listed("interlock.authority.v1.AdminService");
        }),
        variant("the latest report is of an address at which nothing listens", async () => {
          await report(away, gripperService, "127.0.0.1:1");
          return call();
        }),
        variant("the latest report is of another bot's address", async () => {
          await report(away, gripperService, await evil());
          return call();
        }),
      ],
      {
        async control() {
          if ((await call()) !== "refused") throw new Error("another bot was called");
        },
        handled: () => stolen,
        perControl: 0,
      },
    );
  },
};

export const operatorRows: readonly Row[] = [printableRow, servedByRow];
