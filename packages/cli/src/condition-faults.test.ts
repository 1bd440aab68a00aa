import assert from "node:assert/strict";
import { join } from "node:path";
import { lintGrants, locateGrants } from "@interlock/policy/grants";
import { createConditionFaults, readTypes } from "./condition-faults.js";
import { readServices } from "./find-manifests.js";

// What `interlock generate` has written for the authority's own services.
const manifest = join(import.meta.dirname, "../../bot/src/gen/interlock.manifest.json");
const service = "interlock.authority.v1.AdminService";

describe("a condition in a grants file", () => {
  async function lint(scope: string, where: string, manifests = [manifest]): Promise<string[]> {
    const services = await readServices(manifest);
    const yaml = `grants:\n  helper/1:\n    ${service}:\n      - { scope: "${scope}", where: ${JSON.stringify(where)} }\n`;
    const conditionFaults = createConditionFaults(services, await readTypes(manifests));
    const found = lintGrants(locateGrants(yaml), { services, conditionFaults });
    return found.map(({ id, line, column, message }) => `${line}:${column} ${id} ${message}`);
  }

  it("fits the request of every method that needs the scope", async () => {
    assert.deepEqual(await lint("keys:rotate", "!leaked"), []);
    const [fault = "", ...more] = await lint("keys:rotate", "leeked");
    assert.match(
      fault,
      /^4:40 unsound-condition for \/interlock\.authority\.v1\.AdminService\/RotateTokenKey, .* has no field "leeked"; it has leaked/,
    );
    assert.deepEqual(more, []);
    assert.match((await lint("keys:rotate", "leaked && 1"))[0] ?? "", /an int stands where true or false is needed/);
  });

  it("fits all of them, or none is right: the methods are counted that it does not fit", async () => {
    const [fault = ""] = await lint("ca:rotate", "dry_run");
    assert.match(fault, /unsound-condition for \/interlock\.authority\.v1\.AdminService\/\w+ \(and \d+ more\), /);
  });

  it("is held against no type where none is known, and is CEL in any case", async () => {
    assert.deepEqual(await lint("keys:rotate", "leeked", []), []);
    assert.match(
      (await lint("keys:rotate", "leeked &&", []))[0] ?? "",
      /^4:40 unsound-condition it is no CEL expression$/,
    );
  });
});
