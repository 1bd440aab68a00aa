import { forkProcess } from "@interlock/testing-processes";
import { prepareFleet } from "../variants/interlock.js";
import type { Door } from "./door.js";
import type { GatewayAnswer, GatewayAsk } from "./gateway-process.js";
import type { SidecarAnswer, SidecarAsk } from "./sidecar-process.js";

/** No door: what a call costs, and how long it takes, without one. */
export const direct: Door = {
  ends: "interlock",
  missing: async () => undefined,
  async prepare(folder) {
    const { settings, close } = await prepareFleet(folder, { server: "server/1", client: "client/1" });
    const nothing = async () => {};
    return { settings, close, open: async (address) => ({ address, pid: undefined, close: nothing }) };
  },
};

/** The sidecar of a program without TLS, whose bot has all of its checks. It stands in place of the checks of a server. */
export const interlockSidecar: Door = {
  ends: "interlock",
  behind: "plain-wire",
  missing: async () => undefined,
  async prepare(folder) {
    const { settings, close } = await prepareFleet(folder, { server: "server/1", client: "client/1" });
    return {
      settings,
      close,
      async open(program) {
        const url = new URL("./sidecar-process.js", import.meta.url);
        const forked = forkProcess<SidecarAsk, SidecarAnswer>(url, "sidecar");
        const { address } = await forked.ask({ do: "open", side: settings.server, program });
        return { address, pid: forked.pid, close: () => forked.stop() };
      },
    };
  },
};

/** The gateway of Interlock with all of its checks. */
export const interlockGateway: Door = {
  ends: "interlock",
  missing: async () => undefined,
  async prepare(folder) {
    const names = { server: "server/1", client: "client/1", gateway: "gateway/1" };
    const { settings, close } = await prepareFleet(folder, names);
    return {
      settings,
      close,
      async open(upstream) {
        const url = new URL("./gateway-process.js", import.meta.url);
        const forked = forkProcess<GatewayAsk, GatewayAnswer>(url, "gateway");
        const { address } = await forked.ask({ do: "open", side: settings.gateway, upstream });
        return { address, pid: forked.pid, close: () => forked.stop() };
      },
    };
  },
};
