import { forkProcess } from "@interlock/testing-processes";
import { makeCertificates } from "../certificates.js";
import type { Door } from "./door.js";
import type { ProxyAnswer, ProxyAsk } from "./proxy-process.js";

/** A bare proxy of `node:http2` with mutual TLS on both sides and nothing else. */
export const http2Proxy: Door = {
  ends: "bare-wire",
  missing: async () => undefined,
  async prepare() {
    const certificates = await makeCertificates();
    return {
      settings: certificates,
      close: async () => {},
      async open(upstream) {
        const forked = forkProcess<ProxyAsk, ProxyAnswer>(new URL("./proxy-process.js", import.meta.url), "proxy");
        const { address } = await forked.ask({ do: "open", certificates, upstream });
        return { address, pid: forked.pid, close: () => forked.stop() };
      },
    };
  },
};
