import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import type { AnyMethod, Manifest, ServiceDefinition } from "@interlock/policy";
import { endProcess } from "../testing/end-process.js";
import { commandFile, runCommand } from "../testing/run-command.js";
import { generateProject, rpc, type TestProject } from "./generate-project.test.fixture.js";

const arm = (name: string) => `syntax = "proto3";
package ${name};
import "google/protobuf/timestamp.proto";
import "interlock/policy/v1/policy.proto";
message Step { string item_id = 1; int64 big = 2; google.protobuf.Timestamp at = 3; map<string, string> notes = 4; }
service Arm {
  ${rpc("Move", "Step", "Step")}
  ${rpc("Follow", "stream Step", "stream Step")}
}
`;

/** Takes and gives the bytes of messages, so that nothing but the command knows what is in them. */
const bytes: AnyMethod["request"] = {
  encode: (message: Uint8Array) => ({ finish: () => message }),
  decode: (message: Uint8Array) => Uint8Array.from(message),
  fromPartial: (message: Uint8Array) => message,
};

describe("interlock call, to a bot", function () {
  this.timeout(120_000); // Some ten commands, each a process.
  let project: TestProject;
  let up: ChildProcess;
  let bot: Bot;
  let address: string;

  async function interlock(input: string, ...args: readonly string[]) {
    const { code, stdout: out, stderr: err } = await runCommand({ cwd: project.folder, input }, args);
    return { code, out, err };
  }

  before(async () => {
    const files = { "protos/acme/arm.proto": arm("acme.v1"), "protos/plant/arm.proto": arm("plant.acme.v1") };
    project = await generateProject(files, "a#b c%41?ü");
    up = spawn(process.execPath, [commandFile, "up", "--port", "0", "--trust-domain", "cafe", "--json"], {
      cwd: project.folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [line] = await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
    const { authority } = JSON.parse(line);
    await writeFile(join(project.folder, "grants.yaml"), 'grants: {"operator/*": {acme.v1.Arm: ["arm:move"]}}');
    assert.equal((await interlock("", "grants", "apply", "grants.yaml", "--yes")).code, 0);
    const { joinToken } = JSON.parse((await interlock("", "invite", "arm/1", "--json")).out);
    const stateDir = join(project.folder, "arm");
    bot = await joinFleet({ authority, name: "arm/1", joinToken, stateDir, log: silentLog });
    const { services } = JSON.parse(await readFile(project.manifest, "utf8")) as Manifest;
    const definitions = services.map(({ name, methods }): ServiceDefinition => {
      const own = methods.map(({ name: key, path, kind, policy }) => {
        return [key, { path, kind, policy, request: bytes, response: bytes }] as const;
      });
      return { name, servedBy: [], methods: Object.fromEntries(own) };
    });
    const echo = {
      Move: (message: Uint8Array) => message,
      async *Follow(messages: AsyncIterable<Uint8Array>) {
        yield* messages;
      },
    };
    ({ address } = await bot.serve({ port: 0 }, (routes) => {
      for (const definition of definitions) routes.add(definition, echo as never);
    }));
  });
  after(async () => {
    await bot?.close();
    await endProcess(up);
    await project?.remove();
  });

  it("calls by the full name, and sends and prints the JSON mapping of protobuf", async () => {
    const message = '{"item_id":"a","big":9007199254740993,"at":"1969-12-31T23:59:59.5Z","notes":{"__proto__":"x"}}';
    const { out, err, code } = await interlock("", "call", "acme.v1.Arm/Move", message, "--address", address);
    assert.deepEqual([err, code], ["", 0]);
    assert.equal(
      JSON.stringify(JSON.parse(out)),
      '{"itemId":"a","big":"9007199254740993","at":"1969-12-31T23:59:59.500Z","notes":{"__proto__":"x"}}',
    );
    const other = await interlock("", "call", "plant.acme.v1.Arm/Move", "{}", "--address", address);
    assert.match(other.err, /plant\.acme\.v1\.Arm/, "it is granted the other one only");
    assert.equal(other.code, 1);
  });

  it("sends the messages of standard input one by one, up to the first that it refuses", async () => {
    const lines = '{"itemId":"a"}\n\n{"item_id":"b"}\r\n{"itemid":"c"}\n{"itemId":"d"}\n';
    const { out, err, code } = await interlock(lines, "call", "acme.v1.Arm/Follow", "-", "--address", address);
    assert.match(err, /The message was not sent: there is no field "itemid" \(did you mean itemId\?\)/);
    assert.equal(code, 1);
    assert.doesNotMatch(out, /"d"/);
    const good = await interlock(
      '{"itemId":"a"}\n{"item_id":"b"}',
      "call",
      "acme.v1.Arm/Follow",
      "-",
      "--address",
      address,
    );
    assert.deepEqual(
      good.out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).itemId),
      ["a", "b"],
      good.err,
    );
  });

  it("says what is wrong with a message before it dials", async () => {
    const { err } = await interlock("", "call", "acme.v1.Arm/Move", '{"big": 1.5}', "--address", "localhost:1");
    assert.match(err, /"big" cannot be 1\.5: it is no whole number/);
  });
});
