import assert from "node:assert/strict";
import { grpcGo } from "./grpc-go.js";

describe("the variant of grpc-go", () => {
  it("says so where Go is missing", async () => {
    const { PATH } = process.env;
    process.env.PATH = "/nowhere";
    try {
      assert.match((await grpcGo.missing()) ?? "", /^it needs the Go of bench\/src\/go\/go\.mod, and the modules/);
    } finally {
      process.env.PATH = PATH;
    }
  });
});
