import assert from "node:assert/strict";
import { readOutput } from "./suite.js";

const size = "Server Message Size/HTTPVersion:2/TLS:false/unary/request-exceeds-server-limit";
const details = "actual error contain 1 details; expecting 0";

function output(failures: Readonly<Record<string, string>>, cases = 374): string {
  const failed = Object.entries(failures).map(([name, text]) => `FAILED: ${name}:\n\t${text.replaceAll("\n", "\n\t")}`);
  const passed = cases - failed.length;
  return `${[...failed, "", `Total cases: ${cases}`, `${passed} passed, ${failed.length} failed`].join("\n")}\n`;
}

describe("the output of connectrpc/conformance", () => {
  it("tells which cases have failed, and which of those are exceptions", () => {
    const other = "Basic/HTTPVersion:2/unary/success";
    const { cases, passed, failures, problem } = readOutput("server", output({ [size]: details, [other]: "one\ntwo" }));
    assert.deepEqual([cases, passed, problem], [374, 372, undefined]);
    assert.deepEqual(
      failures.map(({ name, text, exception }) => [name, text, exception !== undefined]),
      [
        [size, details, true],
        [other, "one\ntwo", false],
      ],
    );
  });

  it("is no exception where a case fails in another way, too, or in the other mode", () => {
    const isException = (mode: "server" | "client", text: string) =>
      readOutput(mode, output({ [size]: text })).failures[0]?.exception !== undefined;
    assert.deepEqual(
      [
        isException("server", details),
        isException("server", `${details}\nactual response headers missing "x"`),
        isException("server", "expecting an error but received none"),
        isException("client", details),
      ],
      [true, false, false, false],
    );
  });

  it("is a problem where not all cases were run", () => {
    assert.match(readOutput("server", output({}, 373)).problem ?? "", /373 cases in place of 374/);
    assert.match(readOutput("server", "error starting client\n").problem ?? "", /error starting client/);
    const partly = `${output({})}Another 3 could not be run due to client timing out or exiting prematurely.\n`;
    assert.match(readOutput("server", partly).problem ?? "", /Another 3 could not be run/);
  });
});
