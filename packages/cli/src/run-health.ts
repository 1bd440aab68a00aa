import { Command, CommanderError } from "commander";
import { healthCommand } from "./commands/health.js";

/** Runs `interlock health`, without what the other commands need. Returns its exit code, as `run` of `main.ts` does. */
export async function run(args: readonly string[]): Promise<number> {
  // The reader of the output may close it early.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const json = args.includes("--json");
  const write = (text: string) => void process.stdout.write(`${oneLine(text)}\n`);
  const output = {
    exitCode: 0,
    result: (value: object, print: () => void) => (json ? write(JSON.stringify(value)) : print()),
    line: (text = "") => write(text),
  };
  const command = healthCommand(output).option("--json", "print one JSON value, for programs");
  const program = new Command("interlock").exitOverride().addCommand(command.exitOverride());
  if (json) command.configureOutput({ writeErr: () => {} });
  try {
    await program.parseAsync(args, { from: "user" });
    return output.exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    const message = error.message.replace(/^error: /, "");
    if (json) write(JSON.stringify({ ok: false, error: { code: "INVALID_ARGUMENT", message } }));
    return 2;
  }
}

// What it prints may hold text from a file: control characters never reach a terminal.
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ");
}
