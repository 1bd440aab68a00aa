import { Command } from "commander";
import { agentCommand } from "./commands/agent.js";
import { approvalsCommand } from "./commands/approvals.js";
import { approveCommand } from "./commands/approve.js";
import { auditCommand } from "./commands/audit.js";
import { backupCommand } from "./commands/backup.js";
import { botsCommand } from "./commands/bots.js";
import { caCommand } from "./commands/ca.js";
import { callCommand } from "./commands/call.js";
import { checkCommand } from "./commands/check.js";
import { dashboardCommand } from "./commands/dashboard.js";
import { delegateCommand } from "./commands/delegate.js";
import { delegationsCommand } from "./commands/delegations.js";
import { federationCommand } from "./commands/federation.js";
import { gatewayCommand } from "./commands/gateway.js";
import { generateCommand } from "./commands/generate.js";
import { grantsCommand } from "./commands/grants.js";
import { healthCommand } from "./commands/health.js";
import { initCommand } from "./commands/init.js";
import { inventoryCommand } from "./commands/inventory.js";
import { inviteCommand } from "./commands/invite.js";
import { joinCommand } from "./commands/join.js";
import { keysCommand } from "./commands/keys.js";
import { leastPrivilegeCommand } from "./commands/least-privilege.js";
import { logCommand } from "./commands/log.js";
import { mcpCommand } from "./commands/mcp.js";
import { restoreCommand } from "./commands/restore.js";
import { retireCommand } from "./commands/retire.js";
import { revocationsCommand } from "./commands/revocations.js";
import { revokeCommand } from "./commands/revoke.js";
import { riskCommand } from "./commands/risk.js";
import { scanCommand } from "./commands/scan.js";
import { sidecarCommand } from "./commands/sidecar.js";
import { statusCommand } from "./commands/status.js";
import { tokenCommand } from "./commands/token.js";
import { tokensCommand } from "./commands/tokens.js";
import { topCommand } from "./commands/top.js";
import { undelegateCommand } from "./commands/undelegate.js";
import { unrevokeCommand } from "./commands/unrevoke.js";
import { upCommand } from "./commands/up.js";
import { usageCommand } from "./commands/usage.js";
import type { Output } from "./output.js";
import { version } from "./version.js";

const commands = [
  initCommand,
  generateCommand,
  checkCommand,
  upCommand,
  statusCommand,
  dashboardCommand,
  healthCommand,
  inviteCommand,
  joinCommand,
  grantsCommand,
  callCommand,
  tokenCommand,
  revokeCommand,
  unrevokeCommand,
  revocationsCommand,
  delegateCommand,
  undelegateCommand,
  delegationsCommand,
  approvalsCommand,
  approveCommand,
  mcpCommand,
  federationCommand,
  retireCommand,
  botsCommand,
  tokensCommand,
  keysCommand,
  caCommand,
  usageCommand,
  inventoryCommand,
  riskCommand,
  auditCommand,
  scanCommand,
  leastPrivilegeCommand,
  gatewayCommand,
  sidecarCommand,
  agentCommand,
  topCommand,
  logCommand,
  backupCommand,
  restoreCommand,
];

/** Makes the command line `interlock`, which prints to `output`. A usage error is thrown as a `CommanderError`. */
export function createProgram(output: Output): Command {
  const program = new Command("interlock")
    .description("Secure communication between bots: identities, grants, generated code.")
    .version(version)
    .configureHelp({ showGlobalOptions: true })
    // An option after a subcommand is that subcommand's, also where the command before it has one of the same name.
    .enablePositionalOptions()
    .showHelpAfterError("(add --help for the options and an example)")
    .exitOverride();
  for (const command of commands) program.addCommand(command(output).copyInheritedSettings(program));
  for (const command of [program, ...allCommands(program)]) {
    if (command !== program && command.commands.length === 0)
      command.option("--json", "print one JSON value, for programs");
    command.exitOverride();
    // With --json, a usage error is one JSON value, too.
    if (output.json) command.configureOutput({ writeErr: () => {} });
  }
  return program;
}

/** The commands below a command, with theirs. */
export function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}
