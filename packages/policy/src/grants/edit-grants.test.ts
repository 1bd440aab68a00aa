import assert from "node:assert/strict";
import fc from "fast-check";
import { editGrants, removeGrants } from "./edit-grants.js";
import { type Grant, grantKey } from "./grants.js";
import { GrantsError } from "./grants-error.js";
import { parseGrants } from "./parse-grants.js";

const file = `# Who may hold what.
grants:
  # The robots.
  "worker/*": # all of them
    cafe.v1.Arm: [arm:use, arm:see] # one arm
    # and the floor
    cafe.v1.Floor:
      - floor:move # why
      - floor:read
  coffee/1:
    cafe.v1.Arm: [arm:use]

  # People.
  operator/alice:
    cafe.v1.Arm:
      - arm:use
  worker/1: {cafe.v1.Arm: [arm:stop]}
`;

const grant = (identity: string, service: string, scope: Grant["scope"]): Grant => ({ identity, service, scope });

describe("removeGrants", () => {
  it("takes out a scope, a service and an identity, and leaves all else as it is written", () => {
    const edited = removeGrants(file, [
      grant("worker/*", "cafe.v1.Arm", "arm:use"),
      grant("worker/*", "cafe.v1.Floor", "floor:move"),
      grant("coffee/1", "cafe.v1.Arm", "arm:use"),
      grant("nobody/1", "cafe.v1.Arm", "arm:use"),
    ]);
    const expected = file
      .replace("[arm:use, arm:see]", "[arm:see]")
      .replace("      - floor:move # why\n", "")
      .replace("  coffee/1:\n    cafe.v1.Arm: [arm:use]\n", "");
    assert.equal(edited, expected);
  });

  it("tells a grant with a condition from one without", () => {
    const yaml = `grants:
  worker/*:
    cafe.v1.Arm:
      - arm:see
      - { scope: arm:use, where: "grams <= 5" } # gently
      - scope: arm:use
        where: soft
`;
    const used = grant("worker/*", "cafe.v1.Arm", "arm:use");
    assert.equal(removeGrants(yaml, [used]), yaml);
    assert.equal(removeGrants(yaml, [{ ...used, where: "grams <= 5" }]), yaml.replace(/ *- \{ scope.*\n/, ""));
    assert.equal(removeGrants(yaml, [{ ...used, where: "soft" }]), yaml.replace(/ *- scope.*\n.*where: soft\n/, ""));
    const narrowed = editGrants(yaml, { narrow: [{ ...used, where: "grams <= 5", names: ["worker/1"] }] });
    assert.deepEqual(parseGrants(narrowed), [
      grant("worker/*", "cafe.v1.Arm", "arm:see"),
      { ...used, where: "soft" },
      { ...used, identity: "worker/1", where: "grams <= 5" },
    ]);
    // Into an entry that is there, within brackets, and as a new service.
    const into = `${yaml}  worker/1: {cafe.v1.Arm: [arm:stop]}\n  worker/2: {cafe.v1.Floor: [floor:read]}\n`;
    const names = ["worker/1", "worker/2"];
    const given = parseGrants(editGrants(into, { narrow: [{ ...used, where: 'name == "a, b"', names }] }));
    assert.equal(given.length, 5, "the file has no such grant");
    const moved = parseGrants(editGrants(into, { narrow: [{ ...used, where: "soft", names }] }));
    for (const identity of names)
      assert.ok(moved.some((one) => one.identity === identity && one.scope === "arm:use" && one.where === "soft"));
  });

  it("writes grants: {} when nothing is left, in a block and within brackets", () => {
    assert.equal(removeGrants(file, parseGrants(file)).replaceAll(/^ *#.*\n|^\n/gm, ""), "grants: {}\n");
    const flow = "grants: {a: {b.C: [d:e]}} # all";
    assert.equal(removeGrants(flow, parseGrants(flow)), "grants: {} # all");
  });

  it("returns the same text when there is nothing to remove", () => {
    assert.equal(removeGrants(file, []), file);
    assert.equal(removeGrants(file, [grant("worker/2", "cafe.v1.Arm", "arm:use")]), file);
    assert.throws(() => removeGrants("grants: 1", []), GrantsError);
  });

  const odd: Record<string, string> = {
    "lines within brackets": "grants:\n  a:\n    b.C: [\n      d:e, # one\n      # two\n      d:f\n    ]\n",
    "brackets over lines that share a line": "grants:\n  a:\n    b.C: [d:e, # one\n      d:f] # two\n",
    "explicit keys": "grants:\n  ? a # one\n  : b.C: [d:e, d:f] # two\n",
    "anchors and quotes": 'grants:\n  &x "a":\n    \'b.C\': ["d:e", d:f] # one\n',
    "carriage returns": "grants:\r\n  a: # one\r\n    b.C:\r\n      - d:e\r\n      - d:f # two\r\n",
    "no line feed at the end": "grants:\n  a:\n    b.C:\n      - d:f\n      - d:e",
    "a list as far left as its key": "grants:\n  a:\n    b.C:\n    - d:e\n    - d:f # one\n",
    JSON: '{"grants": {"a": {"b.C": ["d:e", "d:f"]}}}',
    "a scope twice": "grants: {a: {b.C: [d:e, d:f, d:e]}}",
    "an entry without services": "grants: {a: {b.C: [d:e, d:f]}, x: {}}",
  };
  for (const [what, yaml] of Object.entries(odd)) {
    it(`edits a file with ${what}`, () => {
      const edited = removeGrants(yaml, [grant("a", "b.C", "d:e")]);
      assert.deepEqual(parseGrants(edited), [grant("a", "b.C", "d:f")]);
      for (const [comment] of yaml.matchAll(/# ?two/g)) assert.ok(edited.includes(comment), edited);
    });
  }
});

describe("editGrants", () => {
  it("replaces a pattern by names, with the comments of its entry", () => {
    const names = ["worker/2", "worker/3"];
    const all = parseGrants(file).filter(({ identity }) => identity === "worker/*");
    const edited = editGrants(file, { narrow: all.map((each) => ({ ...each, names })) });
    const entry = /^ {2}"worker\/\*":(.*\n( {4}.*\n)*)/m.exec(file);
    assert.equal(edited, file.replace(entry?.[0] ?? "", names.map((name) => `  ${name}:${entry?.[1]}`).join("")));
  });

  it("gives a name that has an entry of its own the scopes there", () => {
    const narrow = (service: string, scope: Grant["scope"], ...names: string[]) => [
      { ...grant("worker/*", service, scope), names },
    ];
    assert.match(
      editGrants(file, { narrow: narrow("cafe.v1.Arm", "arm:use", "worker/1", "operator/alice") }),
      / {4}cafe\.v1\.Arm: \[arm:see\] # one arm\n[\s\S]* {6}- arm:use\n {2}worker\/1: \{cafe\.v1\.Arm: \[arm:stop, arm:use\]\}\n$/,
    );
    assert.match(
      editGrants(file, { narrow: narrow("cafe.v1.Floor", "floor:read", "worker/1", "operator/alice") }),
      / {4}cafe\.v1\.Arm:\n {6}- arm:use\n {4}cafe\.v1\.Floor: \[floor:read\]\n {2}worker\/1: \{cafe\.v1\.Arm: \[arm:stop\], cafe\.v1\.Floor: \[floor:read\]\}\n$/,
    );
  });

  it("puts a name in quotes that YAML would not read as text", () => {
    const edited = editGrants('grants: {"*": {b.C: [d:e]}}', {
      narrow: [{ ...grant("*", "b.C", "d:e"), names: ["1", "true", "a"] }],
    });
    assert.deepEqual(new Set(parseGrants(edited).map(({ identity }) => identity)), new Set(["1", "true", "a"]));
  });

  it("edits a large file, and refuses a result that would be too long for one", () => {
    const entries = Array.from({ length: 1_000 }, (_, i) => `  bot/${i}:\n    cafe.v1.Arm: [arm:use, arm:see]\n`);
    const large = `grants:\n  "worker/*": {cafe.v1.Arm: [arm:use]}\n${entries.join("")}`;
    const removed = parseGrants(large).filter(({ scope, identity }) => scope === "arm:see" && identity !== "bot/7");
    assert.equal(parseGrants(removeGrants(large, removed)).length, 1_002);
    const names = Array.from({ length: 2_000 }, (_, i) => `worker/${"x".repeat(100)}${i}`);
    const narrow = [{ ...grant("worker/*", "cafe.v1.Arm", "arm:use"), names }];
    assert.throws(() => editGrants(large, { narrow }), GrantsError);
  });
});

describe("an edit of grants, whatever they are", () => {
  const name = fc.constantFrom("a/1", "a/*", "b/1", "b/**", "1", "operator/x");
  const service = fc.constantFrom("cafe.v1.A", "cafe.v1.B", "c.D");
  const scope = fc.constantFrom("x:a", "x:b", "x:c", "y:d") as fc.Arbitrary<Grant["scope"]>;
  const form = fc.constantFrom("block", "flow", "mixed", "long");
  const grants = fc.dictionary(
    name,
    fc.dictionary(service, fc.uniqueArray(scope, { minLength: 1, maxLength: 4 }), { minKeys: 1, maxKeys: 3 }),
    { minKeys: 1, maxKeys: 5 },
  );
  const grantOf = fc.record({ identity: name, service, scope });

  it("changes the grants as it says; every other line with its comment stays, in its order", () => {
    fc.assert(
      fc.property(
        grants,
        form,
        fc.array(grantOf, { maxLength: 12 }),
        fc.array(grantOf, { maxLength: 4 }),
        (...args) => {
          const [written, how, removed, narrowed] = args;
          const yaml = write(written, how);
          const before = parseGrants(yaml);
          const isGone = (each: Grant) => removed.some((one) => grantKey(one) === grantKey(each));
          const edited = removeGrants(yaml, removed);
          assert.deepEqual(
            parseGrants(edited),
            before.filter((each) => !isGone(each)),
            edited,
          );
          const lines = edited.split("\n");
          const kept = yaml.split("\n").filter((line) => lines.includes(line));
          assert.deepEqual(
            kept,
            lines.filter((line) => kept.includes(line)),
            "the order is another",
          );
          // The comment of a line that only loses a scope stays, and every comment on a line of its own above an identity.
          for (const { identity, service: at } of parseGrants(edited)) {
            if (how === "block") assert.ok(edited.includes(`# of ${identity}\n`), edited);
            if (how === "mixed") assert.ok(edited.includes(`# ${at} of ${identity}`), edited);
          }

          const narrow = narrowed.map((each) => ({ ...each, names: ["n/1", "b/1"] }));
          const narrower = editGrants(yaml, { remove: removed, narrow });
          const had = new Set(before.map(grantKey));
          const isNarrowed = (each: Grant) => narrow.some((one) => grantKey(one) === grantKey(each));
          const expected = new Set([
            ...before.filter((each) => !isGone(each) && !isNarrowed(each)).map(grantKey),
            ...narrow
              .filter((each) => had.has(grantKey(each)))
              .flatMap((each) => each.names.map((identity) => grantKey({ ...each, identity }))),
          ]);
          assert.deepEqual(new Set(parseGrants(narrower).map(grantKey)), expected, narrower);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("cuts from files of any form exactly what it is told to", () => {
    const flow = "grants: { a: {x.Y: [a:b, a:c], x.Z: [a:b]}, 'b/*': { x.Y: [ a:c , a:b ] } }";
    const block =
      "grants:\n  a:\n    # of a\n    x.Y:\n    - a:b # one\n    - a:c\n\n    x.Z: [a:b]\n  # b\n  'b/*':\n    x.Y: [a:c, a:b]";
    for (const text of [flow, block, `${block}\n# the end`]) {
      const all = parseGrants(text);
      for (let bits = 0; bits < 2 ** all.length; bits++) {
        const gone = all.filter((_, i) => bits & (1 << i)).map((grant) => JSON.stringify(grant));
        const after = removeGrants(
          text,
          all.filter((grant) => gone.includes(JSON.stringify(grant))),
        );
        const expected = all.filter((grant) => !gone.includes(JSON.stringify(grant)));
        assert.deepEqual(parseGrants(after), expected, `${gone} from\n${text}\ngives\n${after}`);
      }
    }
  });
});

/** Writes a file in one of several forms, with comments. */
function write(grants: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>, form: string): string {
  const lines = ["# The file.", "grants:"];
  const quote = (key: string) => JSON.stringify(key);
  for (const [identity, services] of Object.entries(grants)) {
    const pairs = Object.entries(services);
    if (form === "flow") {
      const inner = pairs.map(([service, scopes]) => `${service}: [${scopes.join(", ")}]`).join(", ");
      lines.push(`  ${quote(identity)}: {${inner}} # of ${identity}`);
      continue;
    }
    lines.push(`  # About ${identity}.`, `  ${quote(identity)}: # of ${identity}`);
    for (const [service, scopes] of pairs) {
      const of = `${service} of ${identity}`;
      if (form === "mixed") lines.push(`    ${service}: [${scopes.join(", ")}] # ${of}`);
      else if (form === "long")
        lines.push(
          `    ${service}: [ # ${of}`,
          ...scopes.map((scope) => `      ${scope}, # ${scope} ${of}`),
          `    ] # end of ${of}`,
        );
      else lines.push(`    ${service}: # ${of}`, ...scopes.map((scope) => `      - ${scope} # ${scope} ${of}`));
    }
  }
  return `${lines.join("\n")}\n`;
}
