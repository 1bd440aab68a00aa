import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compile } from "./compile.js";

const header = `
  import type { Bot, Implementation } from "@interlock/bot";
  import { GripperService } from "../../../examples/hello/dist/gen/cafe/gripper/v1/gripper_interlock.js";
  declare const bot: Bot;
`;

// A user's code, and its one wrong line, if any.
const snippets = {
  sound: `
    export const server = bot.serve({ port: 0 }, (routes) =>
      routes.add(GripperService, {
        async grip({ newtons }, { caller, signal, deadline }) {
          const force: number = newtons;
          const facts: [string, boolean, Date | undefined] = [caller.name, signal.aborted, deadline];
          return { held: force > facts.length };
        },
        async *watchForce(_request, { signal }) {
          while (!signal.aborted) yield { newtons: 3.9 };
        },
      }),
    );
    const gripper = bot.client(GripperService, "localhost:50051");
    export const held: Promise<boolean> = gripper.grip({ newtons: 4 }, { timeoutMs: 2_000 }).then((answer) => answer.held);
    for await (const { newtons } of gripper.watchForce({})) newtons.toFixed();`,
  missing: `
    export const implementation: Implementation<typeof GripperService> = { grip: () => ({ held: true }) };`,
  missingInAdd: `
    bot.serve({ port: 0 }, (routes) => routes.add(GripperService, { grip: () => ({ held: true }) }));`,
  request: `
    export const implementation: Partial<Implementation<typeof GripperService>> = {
      grip({ newtons }) {
        const text: string = newtons;
        return { held: text !== "" };
      },
    };`,
  response: `
    export const implementation: Partial<Implementation<typeof GripperService>> = { grip: () => ({ held: "yes" }) };`,
  call: `
    bot.client(GripperService, "localhost:50051").grip({ newton: 4 });`,
  shape: `
    export const implementation: Partial<Implementation<typeof GripperService>> = {
      watchForce: async () => ({ newtons: 3.9 }),
    };`,
};

type Name = keyof typeof snippets;

describe("type safety", () => {
  let dir: string;
  let errors: ReadonlyMap<string, readonly string[]>;

  before(async () => {
    dir = await mkdtemp(join(import.meta.dirname, "types-"));
    for (const [name, text] of Object.entries(snippets)) await writeFile(join(dir, `${name}.ts`), header + text);
    errors = await compile(dir);
  });
  after(() => rm(dir, { recursive: true }));

  function failsWith(name: Name, message: RegExp): void {
    const found = errors.get(`${name}.ts`) ?? [];
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", message);
  }

  it("accepts a correct implementation and correct calls, with every type inferred", () => {
    assert.deepEqual(errors.get("sound.ts") ?? [], []);
  });

  it("reports a missing handler", () => {
    failsWith("missing", /TS2741.*Property 'watchForce' is missing/s);
    failsWith("missingInAdd", /Property 'watchForce' is missing/);
  });

  it("checks the types of requests and responses", () => {
    failsWith("request", /TS2322.*Type 'number' is not assignable to type 'string'/s);
    failsWith(
      "response",
      /Type '\(\) => \{ held: string; \}' is not assignable|'string' is not assignable to type 'boolean/,
    );
    failsWith("call", /TS2561.*'newton' does not exist.*Did you mean to write 'newtons'/s);
  });

  it("distinguishes a stream from a single answer", () => {
    failsWith("shape", /Promise<\{ newtons: number; \}>.*AsyncIterable/s);
  });
});
