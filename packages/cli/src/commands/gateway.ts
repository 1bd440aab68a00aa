import { Command } from "commander";
import { gatewayAuthzCommand } from "../gateway/authz-command.js";
import { gatewayEnvoyCommand } from "../gateway/envoy-command.js";
import { gatewayRunCommand } from "../gateway/run-command.js";
import type { Output } from "../output.js";

/** `interlock gateway`: one door in front of many bots. */
export function gatewayCommand(output: Output): Command {
  return new Command("gateway")
    .description("Run one door in front of many bots: it checks each call once, and passes it on.")
    .addCommand(gatewayRunCommand(output))
    .addCommand(gatewayEnvoyCommand(output))
    .addCommand(gatewayAuthzCommand(output));
}
