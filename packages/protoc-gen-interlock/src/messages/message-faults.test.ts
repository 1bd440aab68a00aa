import assert from "node:assert/strict";
import { generate } from "../generate.js";
import { GenerateError } from "../generate-error.js";
import { tempWorkspace } from "../temp-workspace.test.fixture.js";

/** A proto file; each line with a fault ends with a comment that is the expected message without its position. */
const files: Readonly<Record<string, string>> = {
  "two.proto": `syntax = "proto2";
package two;
import "google/protobuf/descriptor.proto";
message Old {
  required string id = 1; // two.Old.id is required
  optional int32 count = 2 [default = 7]; // two.Old.count has the default "7"
  optional group Part = 3 { optional int32 n = 4; } // two.Old.part is a group
  optional int32 fine = 5;
  extensions 100 to 199; // two.Old has extensions
}
extend Old {
  optional string more = 100; // two.more extends two.Old
}
message Holder {
  extend Old {
    optional string other = 101; // two.Holder.other extends two.Old
  }
  message Inner {
    required int32 n = 1; // two.Holder.Inner.n is required
  }
}
extend google.protobuf.FieldOptions {
  optional string unit = 50000;
}
`,
  "edition.proto": `edition = "2023";
package ed;
message E {
  int32 a = 1 [features.field_presence = LEGACY_REQUIRED]; // ed.E.a is required
  string b = 2 [default = "x"]; // ed.E.b has the default "x"
  E c = 3 [features.message_encoding = DELIMITED]; // ed.E.c is a group
  int32 d = 4;
}
`,
  "names.proto": `syntax = "proto3";
package names;
message Foo {
  message Bar {}
  int32 to_string = 1; // names.Foo.to_string has the name toString in TypeScript, and every JavaScript object
  string constructor = 2; // names.Foo.constructor has the name constructor in TypeScript, and every
  oneof value_of { int32 valueOf = 3; } // names.Foo.value_of has the name valueOf in TypeScript, and every
  oneof one_of { int32 has_own_property = 4; } // names.Foo.one_of has the name oneOf in TypeScript, as oneOf
  int32 oneOf = 5;
}
message FooBar {}
message Foo_Bar {} // names.Foo_Bar has the name FooBar in TypeScript, as
message default {} // names.default has the name default in TypeScript, and generated code uses
enum Uint8Array { // names.Uint8Array has the name Uint8Array
  ZERO = 0;
  delete = 1; // names.Uint8Array.delete has a name
  UNRECOGNIZED = 2; // names.Uint8Array.UNRECOGNIZED has a name
}
`,
};

describe("messages that cannot be generated", () => {
  for (const [file, text] of Object.entries(files)) {
    it(`are refused with all their lines: ${file}`, async () => {
      const workspace = await tempWorkspace();
      try {
        await workspace.write(`protos/${file}`, text);
        await assert.rejects(generate({ workspace: workspace.path, protos: "protos", out: "gen" }), (error) => {
          assert(error instanceof GenerateError);
          const expected = text.split("\n").flatMap((line, i) => {
            const [, fault] = / \/\/ (.+)$/.exec(line) ?? [];
            return fault === undefined ? [] : [{ line: i + 1, fault }];
          });
          const rest = [...error.faults];
          for (const { line, fault } of expected) {
            const found = rest.findIndex(
              (one) => one.startsWith(`protos/${file}:${line}:`) && one.includes(`: ${fault}`),
            );
            assert.notEqual(found, -1, `no ${line} ${fault} in\n${error.message}`);
            rest.splice(found, 1);
          }
          assert.deepEqual(rest, []);
          return true;
        });
      } finally {
        await workspace.remove();
      }
    });
  }
});
