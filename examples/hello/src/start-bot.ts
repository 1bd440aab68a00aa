import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A bot in its own process. */
export interface BotProcess {
  /** `host:port` at which it serves. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts `dist/<program>.js` in the folder `cwd`, shows its output, and waits until it serves. */
export async function startBot(program: string, cwd: string, env: Record<string, string>): Promise<BotProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, `${program}.js`)], {
    cwd,
    env: { ...process.env, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const address = await new Promise<string>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${program} ended with exit code ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      console.log(line);
      const address = / serves .+ at (\S+)$/.exec(line)?.[1];
      if (address) resolve(address);
    });
  });
  return {
    address,
    async stop() {
      child.kill();
      await exit;
    },
  };
}
