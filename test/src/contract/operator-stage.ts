import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bot } from "@interlock/bot";
import type { AnyMethod, Manifest, ServiceDefinition } from "@interlock/policy";
import { type AuthorityStage, authorityStage } from "./authority-stage.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const hello = join(root, "examples/hello");
const manifest = join(hello, "src/gen/interlock.manifest.json");

/** The full name of the example's service, which is served by `gripper/*`. */
export const gripperService = "cafe.gripper.v1.GripperService";

/** A person at a terminal: the real `interlock` command as an operator of the stage's authority. */
export interface OperatorStage extends AuthorityStage {
  /** Runs the command. Resolves with its exit code, and with all that it printed. */
  interlock(...args: readonly string[]): Promise<{ readonly code: number; readonly printed: string }>;
  /** Runs `interlock call GripperService/Grip`, with options besides. */
  grip(...options: readonly string[]): Promise<{ readonly code: number; readonly printed: string }>;
  /** Serves the example's service as a bot, whether it may or not. Resolves with the address. */
  serveGripper(bot: Bot, grip: () => void): Promise<string>;
}

/** Sets the stage. */
export async function operatorStage(): Promise<OperatorStage> {
  const stage = await authorityStage();
  await stage.authority.applyGrants(`grants: {"operator/*": {${gripperService}: ["gripper:actuate"]}}`);
  const env: NodeJS.ProcessEnv = { ...process.env, INTERLOCK_HOME: join(stage.folder, "home") };

  function interlock(...args: readonly string[]): Promise<{ code: number; printed: string }> {
    return new Promise((done) => {
      // With what this process was started with, because a guard is taken away from the command as well.
      const command = [...process.execArgv, join(root, "packages/cli/bin/interlock.js"), ...args];
      const child = execFile(process.execPath, command, { cwd: stage.folder, env }, (_error, stdout, stderr) =>
        done({ code: child.exitCode ?? 1, printed: stdout + stderr }),
      );
      child.stdin?.end();
    });
  }

  env.INTERLOCK_JOIN_TOKEN = await stage.authority.createJoinToken("operator/bob");
  const joined = await interlock("join", "--authority", stage.authority.address, "--name", "operator/bob");
  if (joined.code !== 0) throw new Error(`the operator could not join: ${joined.printed}`);
  return {
    ...stage,
    interlock,
    grip: (...options) =>
      interlock("call", "GripperService/Grip", "--protos", join(hello, "protos"), "--manifest", manifest, ...options),
    async serveGripper(bot, grip) {
      const { address } = await bot.serve({ port: 0 }, (routes) =>
        routes.add(gripper(), {
          Grip() {
            grip();
            return new Uint8Array();
          },
        }),
      );
      return address;
    },
  };
}

/** The definition of the example's service with one method, of which any bot believes that it may serve it. */
function gripper(): ServiceDefinition<Record<"Grip", AnyMethod>> {
  const { services } = JSON.parse(readFileSync(manifest, "utf8")) as Manifest;
  const described = services.find(({ name }) => name === gripperService)?.methods.find(({ name }) => name === "Grip");
  if (!described) throw new Error("the example has no gripper");
  const bytes: AnyMethod["request"] = {
    encode: (message: Uint8Array) => ({ finish: () => message }),
    decode: (message: Uint8Array) => message,
    fromPartial: (message: Uint8Array) => message,
  };
  const { path, kind, policy } = described;
  return {
    name: gripperService,
    servedBy: [],
    methods: { Grip: { path, kind, policy: { ...policy, risk: "low" }, request: bytes, response: bytes } },
  };
}
