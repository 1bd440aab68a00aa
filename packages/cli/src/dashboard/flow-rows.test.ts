import assert from "node:assert/strict";
import type { Instance, UsageDay } from "@interlock/bot/protocol";
import { flowRows, gatewaysIn } from "./flow-rows.js";

const uri = (name: string) => (name === "" ? "" : `spiffe://cafe/${name}`);

function day(called: string, caller: string, actors: readonly string[], count: number, more: Partial<UsageDay> = {}) {
  const method = "cafe.v1.GripperService/Grip";
  const names = { spiffeId: uri(called), caller: uri(caller), actors: actors.map(uri) };
  return { day: "2026-05-12", method, denial: "", count: BigInt(count), ...names, ...more } as UsageDay;
}

describe("the calls through a gateway", () => {
  it("are counted once each, by caller and service, with the bots that they went to", () => {
    const rows = flowRows("gateway/1", [
      day("gateway/1", "coffee/1", [], 7),
      day("gateway/1", "coffee/1", [], 5, { day: "2026-05-11", method: "cafe.v1.GripperService/Open" }),
      day("gateway/1", "coffee/1", [], 3, { denial: "RATE_LIMITED" }),
      ...["gripper/4", "gripper/2", "gripper/1", "gripper/3"].map((name) => day(name, "coffee/1", ["gateway/1"], 3)),
      day("gripper/1", "coffee/1", ["gateway/1"], 2, { denial: "ARGUMENT_NOT_ALLOWED" }),
      day("gateway/1", "coffee/1", ["agent/1"], 20),
      day("gripper/1", "coffee/1", ["gateway/1", "agent/1"], 20),
    ]);
    assert.deepEqual(
      rows.map(({ key: _, ...row }) => row),
      [
        {
          ...{ gateway: "gateway/1", caller: "coffee/1", by: "agent/1", service: "cafe.v1.GripperService" },
          ...{ servers: "gripper/1", calls: 20, refused: 0 },
        },
        {
          ...{ gateway: "gateway/1", caller: "coffee/1", by: "", service: "cafe.v1.GripperService" },
          ...{ servers: "gripper/1, gripper/2, gripper/3, 1 more", calls: 12, refused: 5 },
        },
      ],
    );
    assert.equal(new Set(rows.map(({ key }) => key)).size, 2);
  });

  it("are neither those of the gateway itself, nor those around it, nor refused connections", () => {
    const rows = flowRows("gateway/1", [
      day("gripper/1", "gateway/1", [], 9),
      day("gripper/1", "coffee/1", ["gateway/2"], 9),
      day("gripper/1", "coffee/1", ["agent/1", "gateway/1"], 9),
      day("gateway/1", "", [], 9, { method: "", denial: "NO_CERTIFICATE" }),
      day("gateway/1", "operator/x", [], 9, { method: "interlock.gateway.v1.GatewayService/WatchTraffic" }),
    ]);
    assert.deepEqual(rows, []);
  });

  it("are those of bots that serve as a gateway, each once", () => {
    const serving = (name: string, ...services: string[]) => ({ spiffeId: uri(name), services }) as unknown as Instance;
    const gateway = "interlock.gateway.v1.GatewayService";
    const instances = [
      serving("gateway/2", "a", gateway),
      serving("gateway/1", gateway),
      serving("gateway/1", gateway),
    ];
    assert.deepEqual(gatewaysIn([...instances, serving("gripper/1", "a")]), ["gateway/1", "gateway/2"]);
  });
});
