import { ConfirmRequest, ConfirmResponse } from "@interlock/bot/protocol";
import type { Method, Scope, ServiceDefinition } from "@interlock/policy";

type Unary = Method<ConfirmRequest, ConfirmResponse, "unary">;

function method(path: string, scope: Scope): Unary {
  const policy = {
    scopes: [scope],
    anyBot: false,
    purpose: "Test.",
    risk: "low",
    dataClasses: [],
    callers: [],
  } as const;
  return { path, kind: "unary", request: ConfirmRequest, response: ConfirmResponse, policy };
}

/** A service with two methods that need one scope each. */
export const Gripper = {
  name: "cafe.gripper.v1.GripperService",
  servedBy: [],
  methods: {
    watch: method("/cafe.gripper.v1.GripperService/Watch", "gripper:observe"),
    grip: method("/cafe.gripper.v1.GripperService/Grip", "gripper:actuate"),
  },
} satisfies ServiceDefinition;

/** Another service of the same fleet, for tokens that are for it alone. */
export const Coffee = {
  name: "cafe.coffee.v1.CoffeeService",
  servedBy: [],
  methods: { brew: method("/cafe.coffee.v1.CoffeeService/Brew", "coffee:brew") },
} satisfies ServiceDefinition;
