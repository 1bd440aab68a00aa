import assert from "node:assert/strict";
import { file_buf_validate_validate as file } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { validateProto } from "./index.js";

describe("the proto file of the constraints", () => {
  it("has every message, field, enum and extension, and the ranges for rules of others", () => {
    const source = validateProto();
    assert.match(source, /^\/\/ The options of protovalidate .*\n\nsyntax = "proto2";\n\npackage buf\.validate;/);
    for (const { proto } of file.messages) {
      const at = source.indexOf(`message ${proto.name} {`);
      assert.ok(at >= 0, proto.name);
      const body = source.slice(at, source.indexOf("\n}", at));
      for (const { name, number } of proto.field) assert.match(body, new RegExp(`\\b${name} = ${number};`));
      assert.equal(/extensions 1000 to max;/.test(body), proto.extensionRange.length > 0, proto.name);
    }
    for (const { proto } of file.enums) assert.ok(source.includes(`enum ${proto.name} {`));
    for (const { proto } of file.extensions)
      assert.match(source, new RegExp(`optional \\.buf\\.validate\\.\\w+ ${proto.name} = ${proto.number};`));
  });
});
