import assert from "node:assert/strict";
import { bufTarget } from "./buf-target.js";
import { runBuf } from "./run-buf.js";
import { type TempWorkspace, tempWorkspace } from "./temp-workspace.test.fixture.js";

const message = (name: string) => `syntax = "proto3";\npackage cafe.v1;\nmessage ${name} {}\n`;

describe("the folder that buf reads", () => {
  let workspace: TempWorkspace;
  beforeEach(async () => {
    workspace = await tempWorkspace();
  });
  afterEach(() => workspace.remove());

  /** What buf says when it builds the folder; nothing when it has. */
  async function built(protos: string, paths?: readonly string[]): Promise<string | undefined> {
    const target = await bufTarget(workspace.path, protos, paths);
    return (await runBuf(workspace.path, ["build", ...target])).failure;
  }

  it("may have any name, also one that buf takes for something else", async () => {
    for (const protos of ["protos.git", "-x.json", "a#b,c %41?ü"]) {
      await workspace.write(`${protos}/cafe/v1/a.proto`, message("A"));
      await workspace.write(`${protos}/cafe/v1/b,"c".proto`, message("A"));
      await workspace.write(`${protos}/README.md`, "");
      // Both files have been read where they are said to declare the same message.
      assert.match(`${await built(protos)}`, /`A` declared multiple times/);
      assert.equal(await built(protos, ['cafe/v1/b,"c".proto']), undefined);
    }
  });

  it("may be a module of buf.yaml, and is named when it is not there", async () => {
    const modules = [{ path: "a#b" }, { path: "node_modules/@interlock/policy/protos" }];
    await workspace.write("buf.yaml", JSON.stringify({ version: "v2", modules }));
    await workspace.write("a#b/cafe/v1/a.proto", message("A"));
    assert.equal(await built("a#b"), undefined);
    await assert.rejects(bufTarget(workspace.path, "b"), { message: /cannot be read; name it from .*: ENOENT/ });
  });
});
