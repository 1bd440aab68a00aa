import assert from "node:assert/strict";
import { cpSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { matchesIdentity } from "@interlock/policy";
import { parseGrants } from "@interlock/policy/grants";
import { generate } from "protoc-gen-interlock";
import { findQuote } from "./find-quote.js";
import { readBlocks } from "./markdown-blocks.js";
import { root } from "./structure/source-graph.js";

const shown = (language: string): string => {
  const page = readFileSync(join(root, "docs/federation.md"), "utf8");
  const [block] = readBlocks(page).filter((one) => one.language === language);
  return block?.text ?? "";
};

const caller = "spiffe://partner/orders/1";

describe("docs/federation.md", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-federation-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("has a policy that the generator takes, which names the partner's bots and the own ones", async () => {
    cpSync(join(root, "protos/interlock/policy"), join(folder, "protos/interlock/policy"), { recursive: true });
    await mkdir(join(folder, "protos/orders/v1"), { recursive: true });
    await writeFile(
      join(folder, "protos/orders/v1/orders.proto"),
      `syntax = "proto3";
package orders.v1;
import "interlock/policy/v1/policy.proto";
message PlaceRequest { string item = 1; }
message PlaceResponse {}
service OrderService { rpc Place(PlaceRequest) returns (PlaceResponse) { ${shown("proto")} } }`,
    );
    const { manifest } = await generate({ workspace: folder, protos: "protos", paths: ["orders"], out: "gen" });
    const { callers, scopes } = manifest.services[0]?.methods[0]?.policy ?? { callers: [], scopes: [] };
    for (const name of [caller, "leader/1"])
      assert.ok(
        callers.some((pattern) => matchesIdentity(pattern, name)),
        name,
      );
    const [grant] = parseGrants(shown("yaml"));
    assert.ok(grant && matchesIdentity(grant.identity, caller));
    assert.deepEqual([grant.service, [grant.scope]], ["orders.v1.OrderService", scopes]);
  });

  it("shows code that compiles", () => {
    assert.equal(findQuote(shown("ts")), "test/src/readme/federation.ts");
  });
});
