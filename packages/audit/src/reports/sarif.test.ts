import assert from "node:assert/strict";
import { runAudit } from "../run-audit.js";
import { cafe } from "../testing/cafe-in-order.js";
import { port } from "../testing/pieces.js";
import { toSarif } from "./sarif.js";

interface Result {
  readonly message: { readonly text: string };
  readonly locations: readonly {
    readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } };
  }[];
}

function resultsOf(inputs: Parameters<typeof runAudit>[0]): readonly Result[] {
  const options = { version: "1", fallback: "buf.yaml", hasBaseline: false };
  const { runs } = toSarif(runAudit(inputs), options) as { runs: [{ results: Result[] }] };
  return runs[0].results;
}

describe("SARIF", () => {
  it("has no link of a server's making", () => {
    const said = "It names [mend it](https://evil.example/).";
    const open = { ...port("10.0.0.1:50051", "gripper/1"), tls: undefined, sentences: [said] };
    const [result] = resultsOf({ ...cafe(), scan: { ...cafe().scan, ports: [open] } });
    assert.match(result?.message.text ?? "", /\[mend it\] \(https/);
  });

  it("has no place outside of the root", () => {
    for (const file of ["../grants.yaml", "/etc/grants.yaml", "C:/grants.yaml"]) {
      const { project } = cafe();
      const services = project.services.map((one) => ({ ...one, place: { ...one.place, file } }));
      const all = services.map((one) => ({
        ...one,
        methods: one.methods.map((method) => ({ ...method, place: { ...method.place, file } })),
      }));
      const results = resultsOf({ ...cafe(), project: { services: all }, scan: { ...cafe().scan, ports: [plain] } });
      assert.ok(results.length > 0);
      for (const { locations } of results)
        assert.equal(locations[0]?.physicalLocation.artifactLocation.uri, "buf.yaml", file);
    }
  });
});

const plain = { ...port("10.0.0.1:50051", "gripper/1"), tls: undefined };
