import { fromIssuer, joinFleet } from "@interlock/bot";
import { fromWorkloadApi } from "@interlock/spiffe";
import { gripperService } from "../gripper-service.js";

const bot = await joinFleet({
  identity: fromWorkloadApi(), // the address is in SPIFFE_ENDPOINT_SOCKET
  issuer: fromIssuer({
    url: process.env.ISSUER ?? "https://login.example.com",
    caFile: process.env.ISSUER_CA ?? "ca.pem",
  }),
});

const GripperService = await gripperService();
const server = await bot.serve({ port: 0 }, (routes) =>
  routes.add(GripperService, { grip: () => ({ held: true }), async *watchForce() {} }),
);
console.log(`${bot.spiffeId.uri} serves at ${server.address}`);
process.once("SIGTERM", () => bot.close());
