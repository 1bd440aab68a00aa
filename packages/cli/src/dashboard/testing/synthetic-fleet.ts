import { createFleetView, type FleetView } from "../model/fleet.js";

const minute = 60_000;
const kinds = ["gripper", "coffee", "cart", "camera", "charger", "scale", "door", "lift"];

/** Makes a fleet of so many bots, in which a little of everything happens. */
export function syntheticFleet(bots: number, now: number): FleetView {
  const view = createFleetView("authority.cafe.internal:7443", "viewer/alice");
  view.link = { up: true, heardAt: now, reason: "" };
  view.status = {
    trustDomain: "cafe",
    trustVersion: 118,
    caExpiresAt: now + 84 * 24 * 60 * minute,
    certificateExpiresAt: now + 40 * minute,
    grantsVersion: 12,
  };
  const { tables } = view;
  for (let i = 0; i < bots; i++) {
    const kind = kinds[i % kinds.length] as string;
    const key = `${kind}/${Math.floor(i / kinds.length) + 1}`;
    const state = i % 97 === 40 ? "revoked" : i % 89 === 30 ? "retired" : i % 53 === 20 ? "expired" : "member";
    const online = state === "member" && i % 11 !== 7;
    const left = state === "expired" ? -300 * minute : (online ? 31 + ((i * 7) % 29) : 2 + ((i * 5) % 40)) * minute;
    tables.bots[key] = {
      key,
      state,
      online,
      lastSeenAt: online ? 0 : now - (5 + (i % 200)) * minute,
      certificateExpiresAt: now + left,
      lateMs: 15 * minute,
      certificateSerial: (0x5f3a91c0 + i * 7919).toString(16),
      versions: ["1.4.2", "1.4.1", "2.0.0-rc.1"][i % 3] as string,
    };
    if (!online || i > 400) continue;
    const service = `cafe.${kind}.v1.${kind.charAt(0).toUpperCase()}${kind.slice(1)}Service`;
    tables.endpoints[key] = {
      key,
      service,
      bot: key,
      addresses: `10.20.${i % 4}.${(i % 250) + 1}:50051`,
      version: ["1.4.2", "1.4.1", "2.0.0-rc.1"][i % 3] as string,
      startedAt: now - (i % 300) * 11 * minute,
      online: true,
    };
  }
  const refused = [
    ["SCOPE_MISSING", "gripper/3", "coffee/2", "cafe.gripper.v1.GripperService/Grip", 3],
    ["NO_CERTIFICATE", "door/1", "", "", 4812],
    ["TOKEN_SUBJECT_MISMATCH", "lift/2", "camera/9", "cafe.lift.v1.LiftService/Move", 1],
    ["IDENTITY_REVOKED", "cart/4", "charger/6", "", 12],
    ["RATE_LIMITED", "scale/1", "coffee/7", "cafe.scale.v1.ScaleService/Weigh", 640],
    ["CALLER_NOT_ALLOWED", "door/1", "cart/11", "cafe.door.v1.DoorService/Open", 2],
  ] as const;
  refused.forEach(([reason, bot, caller, method, count], i) => {
    const key = `${reason} ${bot}`;
    tables.refusals[key] = { key, bot, caller, method, reason, count, lastAt: now - i * 3 * minute };
  });
  const passed = [
    ["gateway/1", "coffee/2", "", "cafe.gripper.v1.GripperService", "gripper/1, gripper/3", 18_204, 3],
    ["gateway/1", "cart/11", "", "cafe.door.v1.DoorService", "door/1", 960, 2],
    ["gateway/2", "camera/9", "agent/1", "cafe.lift.v1.LiftService", "lift/2", 41, 0],
    ["gateway/2", "coffee/7", "", "cafe.scale.v1.ScaleService", "", 0, 640],
  ] as const;
  for (const [gateway, caller, by, service, servers, calls, refused] of passed) {
    const key = `${gateway} ${caller}`;
    tables.flows[key] = { key, gateway, caller, by, service, servers, calls, refused };
  }
  const revoked = [
    ["identity", "charger/6", "stolen from the loading dock"],
    ["pattern", "legacy/*", "replaced by cart/*"],
    ["certificate", "5f3a9b3e", "copied: two machines used it"],
  ] as const;
  revoked.forEach(([kind, subject, reason], i) => {
    const key = `${kind} ${subject}`;
    tables.revocations[key] = { key, kind, subject, reason, revokedAt: now - (i + 1) * 95 * minute };
  });
  const grants = [
    ["coffee/*", "cafe.gripper.v1.GripperService", "gripper:actuate, gripper:observe"],
    ["cart/*", "cafe.door.v1.DoorService", "door:open"],
    ["cart/*", "cafe.lift.v1.LiftService", "lift:call"],
    ["operator/*", "cafe.gripper.v1.GripperService", "gripper:observe"],
    ["camera/*", "cafe.scale.v1.ScaleService", "scale:read"],
  ] as const;
  for (const [identity, service, scopes] of grants) {
    const key = `${identity} ${service}`;
    tables.grants[key] = { key, identity, service, scopes };
  }
  return view;
}
