import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  fromJsonString,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { InterlockError } from "@interlock/bot";
import type { OfferedMethod } from "@interlock/mcp";
import type { AnyMethod, Policy, ServiceDefinition } from "@interlock/policy";

const { DOUBLE, BOOL } = FieldDescriptorProto_Type;
const { OPTIONAL } = FieldDescriptorProto_Label;
const field = (name: string, number: number, type: FieldDescriptorProto_Type) => ({
  name,
  jsonName: name.replace(/_(.)/g, (_all, letter: string) => letter.toUpperCase()),
  number,
  type,
  label: OPTIONAL,
});

const file = create(FileDescriptorProtoSchema, {
  name: "cafe/gripper/v1/gripper.proto",
  package: "cafe.gripper.v1",
  syntax: "proto3",
  messageType: [
    { name: "GripRequest", field: [field("newtons", 1, DOUBLE), field("hold_open", 2, BOOL)] },
    { name: "GripResponse", field: [field("held", 1, BOOL)] },
  ],
});
const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));

/** A message of the test's proto file, by its name. */
function messageOf(name: string): DescMessage {
  return registry.getMessage(`cafe.gripper.v1.${name}`) as DescMessage;
}

const bytes: AnyMethod["request"] = {
  encode: (message: Uint8Array) => ({ finish: () => message }),
  decode: (message: Uint8Array) => Uint8Array.from(message),
  fromPartial: (message: Uint8Array) => message,
};

const policy = (scope: Policy["scopes"][number], more: Partial<Policy> = {}): Policy => ({
  scopes: [scope],
  anyBot: false,
  purpose: "Test.",
  risk: "low",
  dataClasses: [],
  callers: [],
  ...more,
});

const name = "cafe.gripper.v1.GripperService";
const method = (called: string, kind: AnyMethod["kind"], ofMethod: Policy): AnyMethod => ({
  path: `/${name}/${called}`,
  kind,
  policy: ofMethod,
  request: bytes,
  response: bytes,
});

/** The service of the tests, whose messages are bytes. */
export const GripperService = {
  name,
  servedBy: ["gripper/*"],
  methods: {
    Grip: method("Grip", "unary", policy("gripper:actuate", { purpose: "Close the gripper.", risk: "high" })),
    Force: method("Force", "unary", policy("gripper:actuate", { risk: "high", approval: "delegated" })),
    Look: method("Look", "unary", policy("gripper:observe", { purpose: "Read the force." })),
    Watch: method("Watch", "serverStreaming", policy("gripper:observe")),
    Open: method("Open", "unary", { ...policy("gripper:observe"), scopes: [], anyBot: true }),
  },
} satisfies ServiceDefinition;

/** A message as bytes, from its JSON. */
export function encode(message: string, json: string): Uint8Array {
  const desc = messageOf(message);
  return toBinary(desc, fromJsonString(desc, json));
}

/** The methods, as a command offers them. */
export function offered(address: string): OfferedMethod[] {
  const input = messageOf("GripRequest");
  const output = messageOf("GripResponse");
  return Object.entries(GripperService.methods).map(([key, one]) => ({
    service: GripperService,
    key,
    method: one,
    ...(key === "Look" && { idempotency: "noSideEffects" as const }),
    input,
    address,
    read(json) {
      try {
        return toBinary(input, fromJsonString(input, json));
      } catch (cause) {
        throw new InterlockError("INVALID_ARGUMENT", (cause as Error).message, { cause });
      }
    },
    write: (answer) => toJson(output, fromBinary(output, answer), { alwaysEmitImplicit: true }) as object,
  }));
}
