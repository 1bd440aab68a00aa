import { create, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldOptionsSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { EchoService } from "./test-fleet.js";

const { STRING, MESSAGE } = FieldDescriptorProto_Type;
const { OPTIONAL, REPEATED } = FieldDescriptorProto_Label;

/**
 * {@link EchoService} with its descriptors, so that its requests can be looked at, and under a name `package.Service`. With `constrained`, its request has a constraint of
 * `buf.validate`: `domain` has 8 characters at most.
 */
export function describedEcho({ constrained = false, name = EchoService.name } = {}): typeof EchoService {
  const methods = Object.entries(EchoService.methods).map(([key, method]) => {
    const path = method.path.replace(EchoService.name, name);
    return [key, { ...method, path, ...(constrained && { constrained }) }];
  });
  const descriptors = describe(constrained, name);
  return { ...EchoService, name, descriptors, methods: Object.fromEntries(methods) } as typeof EchoService;
}

function describe(constrained: boolean, fullName: string): string {
  const [packageName = "", serviceName = ""] = fullName.split(".");
  const field = (name: string, number: number) => ({ name, number, type: STRING, label: OPTIONAL });
  // By hand, as a reader without the option's extension has it: field (1159) = { string (14): { max_len (3): 8 } }.
  const rules = { no: 1_159, wireType: 2, data: Uint8Array.from([4, 0x72, 2, 0x18, 8]) };
  const options = create(FieldOptionsSchema);
  options.$unknown = [rules];
  const entry = ".google.rpc.ErrorInfo.MetadataEntry";
  const message = {
    name: "ErrorInfo",
    field: [
      field("reason", 1),
      { ...field("domain", 2), ...(constrained && { options }) },
      { name: "metadata", number: 3, type: MESSAGE, label: REPEATED, typeName: entry },
    ],
    nestedType: [{ name: "MetadataEntry", field: [field("key", 1), field("value", 2)], options: { mapEntry: true } }],
  };
  const method = Object.values(EchoService.methods).map(({ path, kind }) => ({
    name: path.slice(path.lastIndexOf("/") + 1),
    inputType: ".google.rpc.ErrorInfo",
    outputType: ".google.rpc.ErrorInfo",
    clientStreaming: kind === "clientStreaming" || kind === "bidiStreaming",
    serverStreaming: kind === "serverStreaming" || kind === "bidiStreaming",
  }));
  const set = create(FileDescriptorSetSchema, {
    file: [
      { name: "google/rpc/status.proto", package: "google.rpc", syntax: "proto3", messageType: [message] },
      {
        name: "test/echo.proto",
        package: packageName,
        syntax: "proto3",
        dependency: ["google/rpc/status.proto"],
        service: [{ name: serviceName, method }],
      },
    ],
  });
  return Buffer.from(toBinary(FileDescriptorSetSchema, set)).toString("base64");
}
