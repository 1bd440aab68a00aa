import type { ServedService } from "@interlock/policy";
import { type FleetSpec, serviceWith } from "./fleet.js";

/** `Grip` is used by the coffee bots, `WatchForce` by coffee/1. */
export const gripper: ServedService = serviceWith("cafe.gripper.v1.GripperService", [
  { name: "Grip", scopes: ["gripper:actuate"], risk: "high", purpose: "Close the gripper on one item." },
  { name: "WatchForce", kind: "serverStreaming", scopes: ["gripper:observe"], purpose: "Stream the force sensor." },
]);

/** `Brew` is used by the gripper. */
export const coffee: ServedService = serviceWith("cafe.coffee.v1.CoffeeService", [
  { name: "Brew", scopes: ["coffee:brew"], risk: "medium", purpose: "Brew one cup." },
]);

/** `Status` takes any bot, and is used by gripper/1. */
export const diagnostics: ServedService = serviceWith("cafe.diagnostics.v1.DiagnosticsService", [
  { name: "Status", anyBot: true, purpose: "Say how the cafe is." },
]);

/** The grants of the cafe: each is used. */
export const cafeGrants = `grants:
  coffee/1:
    cafe.gripper.v1.GripperService: [gripper:actuate, gripper:observe]
  coffee/2:
    cafe.gripper.v1.GripperService: [gripper:actuate]
  gripper/1:
    cafe.coffee.v1.CoffeeService: [coffee:brew]
`;

/** A small fleet in order: every method is declared, served and used, every grant is needed, every bot is there. */
export const cafe: FleetSpec = {
  bots: [
    { name: "coffee/1", serves: [coffee], address: "127.0.0.1:50052" },
    { name: "coffee/2", serves: [coffee], address: "127.0.0.1:50053" },
    { name: "diagnostics/1", serves: [diagnostics], address: "127.0.0.1:50054" },
    { name: "gripper/1", serves: [gripper], address: "127.0.0.1:50051" },
    { name: "operator/alice" },
  ],
  calls: [
    { bot: "gripper/1", method: `${gripper.name}/Grip`, caller: "coffee/1", count: 4_000 },
    { bot: "gripper/1", method: `${gripper.name}/Grip`, caller: "coffee/2", count: 3_500 },
    { bot: "gripper/1", method: `${gripper.name}/WatchForce`, caller: "coffee/1", count: 60 },
    { bot: "coffee/1", method: `${coffee.name}/Brew`, caller: "gripper/1", count: 900 },
    { bot: "coffee/2", method: `${coffee.name}/Brew`, caller: "gripper/1", count: 850 },
    { bot: "diagnostics/1", method: `${diagnostics.name}/Status`, caller: "gripper/1", count: 120 },
  ],
  grants: cafeGrants,
  project: [gripper, coffee, diagnostics],
};
