import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Bot } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { describedEcho, EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { openGateway } from "@interlock/gateway";
import { validateProto, validateProtoPath } from "@interlock/validate/proto";
import { GenerateError, generate } from "protoc-gen-interlock";
import { authorityStage, framed } from "./authority-stage.js";
import { answerOf, audience, echo, echoStage } from "./echo-stage.js";
import type { Answer, Row, Variant } from "./row.js";

const root = new URL("../../../", import.meta.url);

/** Messages as they are on the wire. */
const messages = (...requests: readonly { readonly reason?: string; readonly domain?: string }[]): Buffer =>
  Buffer.concat(requests.map((request) => framed(echo.request.encode(echo.request.fromPartial(request)).finish())));

const soft = { reason: "soft" };
const hard = { reason: "hard" };
const condition = 'reason == "soft"';

const conditionRow: Row = {
  row: 71,
  attack: "a request that the condition of the caller's grant is not true of",
  async play() {
    const handled: string[] = [];
    const stage = await echoStage(
      {
        echo(request) {
          handled.push(request.reason);
          return request;
        },
        async join(requests) {
          for await (const { reason } of requests) handled.push(reason);
          return {};
        },
      },
      {},
      describedEcho(),
    );
    const { join: joined } = EchoService.methods;
    async function call(path: string, body: Buffer, conditions: readonly string[] = [condition]): Promise<Answer> {
      const claims = { narrowed_scope: { "echo:call": conditions } };
      const authorization = `Bearer ${await stage.fleet.token(stage.caller, audience, [], claims)}`;
      return answerOf(await rawCall(stage.session, path, { authorization }, body));
    }
    const refused = (name: string, attack: Variant["attack"]): Variant => ({
      name,
      answer: 7,
      reason: "ARGUMENT_NOT_ALLOWED",
      attack,
    });
    return stage.play(
      [
        refused("another request", () => call(echo.path, messages(hard))),
        refused("a request that says nothing", () => call(echo.path, messages({}))),
        refused("a request that says both, one after the other", () =>
          call(echo.path, framed(Buffer.concat([soft, hard].map((one) => messages(one).subarray(5))))),
        ),
        // After reason (1) = "hard", field 1 again as eight bytes, which are no text for the handler: 4, "soft", and a field 4.
        refused("another request, which says the right one again in the form of another field", () =>
          call(echo.path, framed(Buffer.from("0a0468617264" + "0904736f6674208000", "hex"))),
        ),
        refused("the first of several messages", () => call(joined.path, messages(hard, soft))),
        refused("a message where one of several conditions is not true", () =>
          call(echo.path, messages(soft), [condition, "size(domain) > 0"]),
        ),
        refused("a condition that does not fit the request", () => call(echo.path, messages(soft), ["newtons <= 5"])),
        refused("a condition that is no expression", () => call(echo.path, messages(soft), ["reason =="])),
        refused("a condition without a bound", () => call(echo.path, messages(soft), ["metadata.all(k, true)"])),
        {
          name: "no condition at all",
          answer: 16,
          reason: "TOKEN_MALFORMED",
          attack: () => call(echo.path, messages(hard), []),
        },
      ],
      {
        async control() {
          for (const [path, body] of [
            [echo.path, messages(soft)],
            [joined.path, messages(soft, soft)],
          ] as const) {
            const answer = await call(path, body);
            if (answer !== 0) throw new Error(`a request that the condition is true of was answered ${answer}`);
          }
        },
        handled: () => handled.length,
        perControl: 3,
      },
    );
  },
};

const lostConditionRow: Row = {
  row: 72,
  attack: "a condition that is left behind: by an exchange, behind a gateway, in a token from before it",
  async play() {
    const stage = await authorityStage();
    const { authority } = stage;
    const back = describedEcho({ name: "test.BackService" });
    const narrow = `{ scope: "echo:call", where: '${condition}' }`;
    const grants = (call: string) => `grants:
  "caller/*":
    ${audience}: [${call}]
    ${back.name}: ["echo:call"]
  "gateway/*": {${audience}: ["token:exchange"], ${back.name}: ["token:exchange"]}
`;
    await authority.applyGrants(grants('"echo:call"'));
    const caller = await stage.joinAs("caller/1");
    const [one, two] = [await stage.joinAs("gateway/1"), await stage.joinAs("gateway/2")];
    const old = await stage.authorization(caller);
    await authority.applyGrants(grants(narrow));
    const token = (await stage.authorization(caller)).replace("Bearer ", "");

    let handled = 0;
    const reasons: string[] = [];
    const bot = await stage.joinAs("echo/1");
    const served = await bot.serve({ port: 0 }, (routes) => {
      for (const service of [describedEcho(), back]) {
        const handle = () => {
          handled++;
          return {};
        };
        const unary = { echo: handle, open: handle, reset: handle, join: handle };
        routes.add(service, { ...unary, async *count() {}, async *chat() {} });
      }
    });
    const routes = [{ service: EchoService, addresses: [served.address], servers: ["echo/*"] }];
    const gateway = await openGateway(one, { port: 0, routes, logSample: 0 });
    for (const source of [authority, one, two, bot]) source.onDenial(({ reason }) => reasons.push(reason));

    async function exchange(by: Bot, subjectToken: string, at = audience, scopes: readonly string[] = []) {
      const client = by.client(AuthorityService, authority.address);
      return (await client.exchangeToken({ subjectToken, audience: at, scopes: [...scopes] })).token;
    }
    async function call(
      by: Bot,
      bearer: string,
      port = served.port,
      path = echo.path,
      request = hard,
    ): Promise<Answer> {
      const session = rawSession(port, shows(by.identity.current()));
      const answer = await rawCall(session, path, { authorization: `Bearer ${bearer}` }, messages(request));
      session.destroy();
      return answerOf(answer);
    }
    const refused = (name: string, attack: Variant["attack"]): Variant => ({
      name,
      answer: 7,
      reason: "ARGUMENT_NOT_ALLOWED",
      attack,
    });
    return stage.play(
      [
        refused("with the token itself", () => call(caller, token)),
        refused("with a token that was exchanged for it", async () => call(one, await exchange(one, token))),
        refused("with one that was exchanged for the scope alone", async () =>
          call(one, await exchange(one, token, audience, ["echo:call"])),
        ),
        refused("with one that was exchanged twice", async () =>
          call(two, await exchange(two, await exchange(one, token))),
        ),
        refused("with one for a service at which the caller's grant has no condition", async () =>
          call(one, await exchange(one, token, back.name), served.port, back.methods.echo.path),
        ),
        refused("through a gateway", () => call(caller, token, gateway.port)),
        {
          name: "with a token from before the condition",
          answer: 16,
          reason: "TOKEN_OUTDATED",
          attack: () => call(caller, old.replace("Bearer ", "")),
        },
      ],
      {
        async control() {
          const answers = [
            await call(caller, token, served.port, echo.path, soft),
            await call(one, await exchange(one, token), served.port, echo.path, soft),
            await call(one, await exchange(one, token, back.name), served.port, back.methods.echo.path, soft),
            await call(caller, token, gateway.port, echo.path, soft),
          ];
          if (answers.some((answer) => answer !== 0)) throw new Error(`good calls were answered ${answers.join(", ")}`);
        },
        handled: () => handled,
        perControl: 4,
        denials: () => reasons,
        async end() {
          await gateway.close(0);
          await stage.end();
        },
      },
    );
  },
};

const constraintRow: Row = {
  row: 73,
  attack: "a request that does not satisfy its constraints; constraints that cannot be checked",
  async play() {
    const service = describedEcho({ constrained: true });
    const stage = await echoStage({}, {}, service);
    const { join: joined } = EchoService.methods;
    const tooLong = { domain: "123456789" };
    async function call(path: string, body: Buffer): Promise<Answer> {
      const authorization = await stage.authorization();
      return answerOf(await rawCall(stage.session, path, { authorization }, body));
    }
    const refused = (name: string, body: Buffer, path: string = echo.path): Variant => ({
      name,
      answer: 3,
      reason: "INVALID_REQUEST",
      attack: () => call(path, body),
    });
    const fails = (name: string, attack: () => Promise<Answer>): Variant => ({ name, answer: "refused", attack });
    return stage.play(
      [
        refused("a field that is too long", messages(tooLong)),
        refused(
          "one that is too long, after one that is not",
          framed(Buffer.concat([soft, tooLong].map((one) => messages(one).subarray(5)))),
        ),
        refused("one that is too long by a megabyte", messages({ domain: "x".repeat(1_000_000) })),
        fails("a server whose constraints cannot be checked: it does not start", async () => {
          const { descriptors: _, ...bare } = service as typeof service & { descriptors?: string };
          return started(() => echoStage({}, {}, bare));
        }),
        fails("a constraint that is no CEL: the build fails", () =>
          builds('(buf.validate.field).cel = { id: "a", expression: "this <" }'),
        ),
        fails("a constraint of another type: the build fails", () => builds("(buf.validate.field).string.min_len = 1")),
        fails("a constraint that compares a number with a text: the build fails", () =>
          builds(`(buf.validate.field).cel = { id: "a", message: "b", expression: "this < 'a'" }`),
        ),
      ],
      {
        async control() {
          const answers = [
            await call(echo.path, messages({ domain: "12345678" })),
            await call(joined.path, messages(soft, { domain: "1" })),
          ];
          if (answers.some((answer) => answer !== 0)) throw new Error(`good calls were answered ${answers.join(", ")}`);
          if (builtGood) return;
          builtGood = true;
          const built = await builds("(buf.validate.field).double.lte = 5");
          if (built !== 0) throw new Error("a constraint that compiles was refused");
        },
        perControl: 2,
      },
    );
  },
};

let builtGood = false;

/** Whether a server starts. */
async function started(start: () => ReturnType<typeof echoStage>): Promise<Answer> {
  try {
    const { session, server } = await start();
    session.destroy();
    await server.bot.close(0);
    return 0;
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes("descriptors")) throw error;
    return "refused";
  }
}

/** Generates a proto file whose request has a field with a constraint, as `interlock generate` does. */
async function builds(constraint: string): Promise<Answer> {
  const workspace = await mkdtemp(join(tmpdir(), "interlock-contract-"));
  try {
    await cp(
      new URL("protos/interlock/policy", root),
      join(workspace, "node_modules/@interlock/policy/protos/interlock/policy"),
      { recursive: true },
    );
    const options = join(workspace, "node_modules/@interlock/validate/protos", validateProtoPath);
    await mkdir(dirname(options), { recursive: true });
    await writeFile(options, validateProto());
    await mkdir(join(workspace, "protos/cafe/v1"), { recursive: true });
    await writeFile(
      join(workspace, "protos/cafe/v1/gripper.proto"),
      `syntax = "proto3";
package cafe.v1;
import "buf/validate/validate.proto";
import "interlock/policy/v1/policy.proto";
message GripRequest {
  double newtons = 1 [${constraint}];
}
message GripResponse {}
service GripperService {
  rpc Grip(GripRequest) returns (GripResponse) {
    option (interlock.policy.v1.access) = {scopes: ["gripper:actuate"] purpose: "Grip."};
  }
}
`,
    );
    const { manifest } = await generate({ workspace, protos: "protos", out: "gen" });
    return manifest.services[0]?.methods[0]?.constrained ? 0 : "close";
  } catch (error) {
    if (!(error instanceof GenerateError) || !error.message.includes("gripper.proto:6:")) throw error;
    return "refused";
  } finally {
    await rm(workspace, { recursive: true });
  }
}

export const argumentRows: readonly Row[] = [conditionRow, lostConditionRow, constraintRow];
