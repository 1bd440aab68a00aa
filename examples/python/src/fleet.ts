import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interlock, run, start } from "./processes.js";

/** A fleet in a temporary folder, created with the `interlock` command only. */
export interface Fleet {
  /** `host:port` of the authority. */
  readonly authority: string;
  /** The state folder of the bot `name`. */
  folder(name: string): string;
  /** Creates a join token, for a bot that joins in code. */
  invite(name: string): Promise<string>;
  /** Revokes a bot, or a pattern. */
  revoke(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the authority with `interlock up`, and applies the grants of a file. */
export async function startFleet(trustDomain: string, grants: string): Promise<Fleet> {
  const dir = await mkdtemp(join(tmpdir(), "interlock-python-"));
  const up = await start(interlock("up", "--port", "0", "--trust-domain", trustDomain, "--json"), dir, {
    INTERLOCK_LOG_LEVEL: "error",
  });
  const { authority } = JSON.parse(up.lines[0] ?? "");

  const command = (...args: readonly string[]) => commandWith({}, ...args);

  async function commandWith(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
    const { stdout, stderr } = await run(interlock(...args, "--json"), dir, env);
    const answer = JSON.parse(stdout);
    if (!answer.ok) throw new Error(`interlock ${args[0]} failed: ${stdout}${stderr}`);
    return answer;
  }

  async function invite(name: string): Promise<string> {
    return (await command("invite", name)).joinToken;
  }

  await command("grants", "apply", grants);
  return {
    authority,
    folder: (name) => join(dir, ".interlock", "bots", name),
    invite,
    async revoke(name) {
      await command("revoke", name);
    },
    async stop() {
      await up.stop();
      await rm(dir, { recursive: true });
    },
  };
}
