import type { Door } from "./door.js";
import { http2Proxy } from "./http2-proxy.js";
import { direct, interlockGateway, interlockSidecar } from "./interlock-doors.js";
import { envoy, nghttpx, nginx } from "./programs.js";

/** Every door, those of Interlock first. */
export const doorNames = [
  "direct",
  "interlock gateway",
  "interlock sidecar",
  "node:http2 proxy",
  "nginx",
  "nghttpx",
  "envoy",
] as const;

export type DoorName = (typeof doorNames)[number];

export const doors: Readonly<Record<DoorName, Door>> = {
  direct,
  "interlock gateway": interlockGateway,
  "interlock sidecar": interlockSidecar,
  "node:http2 proxy": http2Proxy,
  nginx,
  nghttpx,
  envoy,
};
