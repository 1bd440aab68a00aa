// The test compiles this file with the code generated from protos/; it does not compile if a type is not inferred.
import type { AnyMethod, Method, MethodKind, ServiceDefinition } from "@interlock/policy";
import type { Item as OtherItem } from "./gen/cafe/other/v1/other.js";
import { OtherService } from "./gen/cafe/other/v1/other_interlock.js";
import type {
  DateMessage,
  GripRequest,
  GripRequest_Options,
  GripResponse,
  Item,
  Method as MethodMessage,
  snakeName,
  snakeName_innerName,
} from "./gen/cafe/rich/v1/rich.js";
import { Empty, RichService } from "./gen/cafe/rich/v1/rich_interlock.js";
import type { Empty as EmptyMessage } from "./gen/google/protobuf/empty.js";
import type { Struct } from "./gen/google/protobuf/struct.js";
import type { Timestamp } from "./gen/google/protobuf/timestamp.js";
import type { StringValue } from "./gen/google/protobuf/wrappers.js";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

type Request<M extends AnyMethod> = ReturnType<M["request"]["decode"]>;
type Rich = (typeof RichService)["methods"];
type Other = (typeof Empty)["methods"];

same<keyof Rich, "grip" | "watchForce" | "uploadApiLog" | "talk">(true);
same<Rich["grip"], Method<GripRequest, GripResponse, "unary">>(true);
same<Rich["watchForce"], Method<GripRequest_Options, Item, "serverStreaming">>(true);
same<Rich["uploadApiLog"], Method<OtherItem, EmptyMessage, "clientStreaming">>(true);
same<Rich["talk"], Method<MethodMessage, DateMessage, "bidiStreaming">>(true);
same<Other["then$"], Method<EmptyMessage, Timestamp, "unary">>(true);
same<Other["constructor$"], Method<StringValue, Struct, "unary">>(true);
same<Other["deleteItem"], Method<snakeName, snakeName_innerName, "unary">>(true);
same<Request<Rich["grip"]>, GripRequest>(true);
same<Request<(typeof OtherService)["methods"]["echo"]>, OtherItem>(true);

// The comparison distinguishes types.
same<Rich["grip"], Method<GripRequest, GripResponse, MethodKind>>(false);
same<Request<Rich["grip"]>, GripResponse>(false);

// A definition is assignable to the type of any service.
export const all: readonly ServiceDefinition[] = [RichService, Empty, OtherService];

// Valid calls.
void RichService.methods.grip.request.fromPartial({
  options: { deadlineNanos: 1n },
  target: { $case: "item", value: { newtons: 4 } },
});
// @ts-expect-error a gripper has no voltage
RichService.methods.grip.request.fromPartial({ volts: 4 });
