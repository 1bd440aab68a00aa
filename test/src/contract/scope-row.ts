import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EchoService, rawCall } from "@interlock/bot/testing";
import type { Policy } from "@interlock/policy";
import { GenerateError, generate } from "protoc-gen-interlock";
import { answerOf, audience, type EchoStage, echoStage, reset } from "./echo-stage.js";
import type { Answer, Row, Variant } from "./row.js";

const root = new URL("../../../", import.meta.url);

export const scopeRow: Row = {
  row: 25,
  attack: "scope missing; method without a policy",
  async play() {
    const stage = await echoStage();
    const { fleet, caller, session } = stage;
    let tried = false;
    const holding = (name: string, scopes: readonly string[], claims: object = {}): Variant => ({
      name,
      answer: 7,
      reason: "SCOPE_MISSING",
      async attack() {
        const authorization = `Bearer ${await fleet.token(caller, audience, scopes, claims)}`;
        return answerOf(await rawCall(session, reset.path, { authorization }));
      },
    });
    const refused = (name: string, attack: Variant["attack"]): Variant => ({ name, answer: "refused", attack });
    return stage.play(
      [
        holding("another scope", ["echo:call"]),
        holding("none", []),
        holding("the resource alone", ["echo"]),
        holding("a star for the action", ["echo:*"]),
        holding("a star", ["*"]),
        holding("another case", ["Echo:reset"]),
        holding("a scope that begins like it", ["echo:reset2"]),
        holding("a scope that it begins like", ["echo:res"]),
        holding("a list of scopes", [], { scope: ["echo:reset"] }),
        holding("scopes with commas between", [], { scope: "echo:call,echo:reset" }),
        holding("the scope under other claims", [], { scp: ["echo:reset"], scopes: "echo:reset" }),
        refused("a method without a policy: the server does not start", () => starts(stage, undefined)),
        refused("neither scopes nor any_bot: the server does not start", () =>
          starts(stage, { ...reset.policy, scopes: [] }),
        ),
        refused("a method under another service's name: the server does not start", () =>
          starts(stage, reset.policy, "/other.Service/Reset"),
        ),
        refused("a method without a policy: the build fails", () => builds(";")),
        refused("neither scopes nor any_bot: the build fails", () => builds(option('purpose: "Brew."'))),
      ],
      {
        async control() {
          const authorization = await stage.authorization(["echo:call", "echo:reset"]);
          const { status } = await rawCall(session, reset.path, { authorization });
          if (status !== 0) throw new Error(`with the scope it was answered ${status}`);
          if (tried) return;
          tried = true;
          const fine = [await starts(stage, reset.policy), await builds(option('any_bot: true purpose: "Brew."'))];
          if (fine.some((answer) => answer !== 0)) throw new Error(`what is in order was answered ${fine.join(", ")}`);
        },
      },
    );
  },
};

/** Serves a service with a method that has `policy`; generated code cannot have such a policy. */
async function starts({ server }: EchoStage, policy: Policy | undefined, path = reset.path): Promise<Answer> {
  const methods = { ...EchoService.methods, reset: { ...reset, path, policy: policy as Policy } };
  try {
    const running = await server.bot.serve({ port: 0 }, (routes) => routes.add({ ...EchoService, methods }, handlers));
    await running.close(0);
    return 0;
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes(path)) throw error;
    return "refused";
  }
}

const handlers = {
  echo: () => ({}),
  join: () => ({}),
  open: () => ({}),
  reset: () => ({}),
  async *count() {},
  async *chat() {},
};

const option = (access: string) => ` { option (interlock.policy.v1.access) = {${access}}; }`;

/** Generates a proto file with one method, as `interlock generate` does. */
async function builds(method: string): Promise<Answer> {
  const workspace = await mkdtemp(join(tmpdir(), "interlock-contract-"));
  try {
    const installed = join(workspace, "node_modules/@interlock/policy/protos/interlock/policy");
    await cp(new URL("protos/interlock/policy", root), installed, { recursive: true });
    await mkdir(join(workspace, "protos/cafe/v1"), { recursive: true });
    await writeFile(
      join(workspace, "protos/cafe/v1/coffee.proto"),
      `syntax = "proto3";
package cafe.v1;
import "interlock/policy/v1/policy.proto";
message BrewRequest {}
message BrewResponse {}
service CoffeeService {
  rpc Brew(BrewRequest) returns (BrewResponse)${method}
}
`,
    );
    await generate({ workspace, protos: "protos", out: "gen" });
    return 0;
  } catch (error) {
    if (!(error instanceof GenerateError) || !error.message.includes("Brew")) throw error;
    return "refused";
  } finally {
    await rm(workspace, { recursive: true });
  }
}
