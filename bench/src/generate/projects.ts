const header = (name: string, imports: readonly string[] = []) =>
  [
    'syntax = "proto3";',
    `package ${name};`,
    ...["interlock/policy/v1/policy.proto", ...imports].map((file) => `import "${file}";`),
    "",
  ].join("\n");

const access = '{ option (interlock.policy.v1.access) = { any_bot: true purpose: "Measure." }; }';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

/** The proto files of a project, by their path below `protos`. */
export type Protos = Readonly<Record<string, string>>;

/** A message that contains itself in each of `kinds` ways, as the expressions of a language do. */
export function recursiveOneof(kinds: number): Protos {
  const oneof = numbers(kinds).map((i) => `    Kind${i} kind_${i} = ${i + 1};\n`);
  const messages = numbers(kinds).map(
    (i) =>
      `message Kind${i} { Expression left = 1; Expression right = 2; repeated Expression rest = 3; string name = 4; }\n`,
  );
  return {
    "expression.proto": `${header("expression")}
message Expression {
  oneof kind {
${oneof.join("")}  }
}
${messages.join("")}
service ExpressionService {
  rpc Evaluate(Expression) returns (Expression) ${access}
  rpc Watch(stream Expression) returns (stream Kind0) ${access}
}
`,
  };
}

/** One file with this many messages of ten fields. */
export function manyMessages(count: number): Protos {
  const messages = numbers(count).map(
    (i) => `message Part${i} {
  string name = 1;
  int64 count = 2;
  repeated double weights = 3;
  map<string, string> labels = 4;
  google.protobuf.Timestamp made = 5;
  Part${(i + 1) % count} next = 6;
  oneof place {
    string shelf = 7;
    int32 bin = 8;
  }
  bytes picture = 9;
  optional bool spare = 10;
}
`,
  );
  return {
    "parts.proto": `${header("parts", ["google/protobuf/timestamp.proto"])}
${messages.join("")}
service PartService {
  rpc Get(Part0) returns (Part1) ${access}
}
`,
  };
}

/** This many services, each in a file of its own, which all import the same messages. */
export function manyServices(count: number): Protos {
  const common = numbers(500).map(
    (i) => `message Shared${i} { string first_name = 1; string second_name = 2; Shared${(i + 1) % 500} next = 3; }\n`,
  );
  const services = numbers(count).map((i) => [
    `service_${i}.proto`,
    `${header(`service${i}`, ["shared.proto"])}
service Service${i} {
  rpc Get(shared.Shared0) returns (shared.Shared1) ${access}
}
`,
  ]);
  return { "shared.proto": `syntax = "proto3";\npackage shared;\n${common.join("")}`, ...Object.fromEntries(services) };
}

/** What a user of the recursive message writes: a call, a handler, and a list of services. */
export const recursiveUse = `import type { Init, RequestOf, ResponseOf, ServiceDefinition } from "@interlock/policy";
import { ExpressionService } from "./gen/expression_interlock.js";

type Evaluate = (typeof ExpressionService)["methods"]["evaluate"];

export const services: readonly ServiceDefinition[] = [ExpressionService];
export function call(request: Init<RequestOf<Evaluate>>): Uint8Array {
  const codec = ExpressionService.methods.evaluate.request;
  return codec.encode(codec.fromPartial(request)).finish();
}
call({ kind: { $case: "kind3", value: { name: "x", left: { kind: { $case: "kind1", value: {} } } } } });
export const handler = ({ kind }: RequestOf<Evaluate>): Init<ResponseOf<Evaluate>> => (kind ? { kind } : {});
`;
