import { InterlockError } from "@interlock/bot";
import { CommanderError } from "commander";
import { createOutput } from "./output.js";
import { createProgram } from "./program.js";
import { isServing } from "./until-stopped.js";

/** Runs one `interlock` command line. Returns its exit code: 0 for success, 1 for a failure, 2 for a usage error. */
export async function run(args: readonly string[]): Promise<number> {
  // The reader of the output, for example `head`, may close it early. What serves others runs on: bots need it.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (args[0] !== "up" && !isServing()) process.exit(error.code === "EPIPE" ? 0 : 1);
  });
  process.stderr.on("error", () => {}); // The exit code says how a command ended, too.
  const output = createOutput(args.includes("--json"));
  try {
    await createProgram(output).parseAsync(args, { from: "user" });
    return output.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      if (output.json) output.failure(new InterlockError("INVALID_ARGUMENT", sentence(error.message)));
      return 2;
    }
    output.failure(error);
    return 1;
  }
}

/** Rewrites a message of commander, such as "error: unknown option '--x'", as a sentence. */
function sentence(message: string): string {
  const text = message.replace(/^error: /, "");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
