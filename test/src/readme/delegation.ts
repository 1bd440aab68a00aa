import type { Bot } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { gripperService } from "../gripper-service.js";

/** What docs/delegation.md shows: gives a part of what the leader may do, and makes the client of its holder. */
export async function callUnderDelegation(leader: Bot, agent: Bot, authority: string) {
  const GripperService = await gripperService();

  const { delegation } = await leader
    .client(AuthorityService, authority)
    .delegate({ to: "agent/7", scopes: ["gripper:observe"] });
  if (!delegation) throw new Error("The authority gave no delegation.");
  const gripper = agent.client(GripperService, { delegation: delegation.id });

  return gripper;
}
