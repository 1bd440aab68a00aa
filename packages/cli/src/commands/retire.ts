import type { RetireSubject, StepId } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import { Command, InvalidArgumentError, Option } from "commander";
import { confirm } from "../confirm.js";
import { asMember, type Session } from "../operator.js";
import { type Output, paint } from "../output.js";
import { defaultOptions, type RetireOptions } from "../retire/retire-options.js";
import { parseDuration } from "./options.js";

/** `interlock retire`: takes a bot, a method or a service away, and proves that it is gone. */
export function retireCommand(output: Output): Command {
  const retire = new Command("retire")
    .description("Take a bot, a method or a service away: plan, do, scan until it is gone, and sign a record of it.")
    .option("--due", "retire everything that is past its sunset, without asking; for CI or a schedule")
    .option("--json", "print one JSON value, for programs");
  withOptions(retire)
    .addHelpText("after", dueHelp)
    .action((flags: Flags) => {
      if (!flags.due) return retire.help({ error: true });
      return due(output, flags);
    });
  for (const kind of kinds) retire.addCommand(subjectCommand(output, kind));
  retire.addCommand(verifyCommand(output)).addCommand(undoCommand(output));
  return retire;
}

const dueHelp =
  "\nWith --due, the exit code is 0 when nothing is left, 1 when something is open, 2 when something could not be judged.\n\n" +
  "Example:\n  interlock retire --due --dry-run";

const kinds = ["bot", "method", "service"] as const;

const about: Readonly<Record<RetireSubject["kind"], { argument: string; does: string; example: string }>> = {
  bot: {
    argument: "the bot's name; it need not have joined this authority",
    does: "Revoke a bot for good, remove its grants, and scan until nothing of it listens.",
    example: "interlock retire bot gripper/1 --dry-run",
  },
  method: {
    argument: "the method; the package may be omitted",
    does: "Have every server refuse a method, remove the grants that only it needs, and scan until it answers UNIMPLEMENTED.",
    example: "interlock retire method GripperService/Grip --dry-run",
  },
  service: {
    argument: "the service; the package may be omitted",
    does: "Have every server refuse a service, remove its grants, and scan until it answers UNIMPLEMENTED.",
    example: "interlock retire service GripperService --dry-run",
  },
};

interface Flags {
  readonly due?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly despiteCallers?: boolean;
  readonly force?: boolean;
  readonly window?: number;
  readonly wait?: number;
  readonly hook?: readonly string[];
  readonly config?: string;
  readonly address?: readonly string[];
  readonly done?: readonly StepId[];
  readonly grants?: string;
  readonly record?: string;
  readonly name?: string;
  readonly dir?: string;
}

function withOptions(command: Command): Command {
  return command
    .option("--dry-run", "print the plan only")
    .option("--despite-callers", "go on although there are live callers")
    .option("--force", "also go on for a name that nobody knows, and when no operator is left that could undo it")
    .option("--window <duration>", "how far back a call makes a caller live. Default: 24h", parseDuration)
    .option("--wait <duration>", "how long to scan until it is gone. Default: 10s", parseDuration)
    .option(
      "--hook <[step=]command...>",
      "a command that does a step outside: gateway, mesh, dns or unit. Default: each",
    )
    .option("--config <file>", "the steps outside. Default: interlock.retire.json, if there is one")
    .option("--grants <file>", "the project's grants file. Default: grants.yaml")
    .option("--name <name>", "the bot as which to act. Default: this project's operator")
    .option("--dir <folder>", "the folder of that bot's identity, if it is not in this project");
}

function subjectCommand(output: Output, kind: RetireSubject["kind"]): Command {
  const { argument, does, example } = about[kind];
  return withOptions(new Command(kind))
    .description(does)
    .argument("<subject>", argument)
    .option("--yes", "do not ask for confirmation; without a terminal the command never asks")
    .option("--address <host:port...>", "scan these addresses as well")
    .addOption(
      new Option("--done <step...>", "tick a step off by your word").choices([
        "gateway",
        "mesh",
        "dns",
        "unit",
        "rescan",
      ]),
    )
    .option("--record <file>", "the file for the signed record. Default: one in .interlock/retirements")
    .addHelpText(
      "after",
      `\nThe exit code is 1 while a step is open: do it, and run the command again.\n\nExample:\n  ${example}`,
    )
    .action((name: string, flags: Flags) => one(output, kind, name, flags));
}

async function one(output: Output, kind: RetireSubject["kind"], given: string, flags: Flags): Promise<void> {
  const { planOne, retireOne } = await import("../retire/retire-one.js");
  const { readInputs } = await import("../retire/read-inputs.js");
  const { createRescan } = await import("../retire/rescan.js");
  const { nameSubject } = await import("../retire/name-subject.js");
  const { printDryRun, printEnd, printPlan, printStep } = await import("../retire/print.js");
  const { findRefusal } = await import("../retire/refuse-live.js");
  const { refuseOwn } = await import("../retire/refuse-own.js");
  const options = await readOptions(flags);
  await asMember(async (session) => {
    const inputs = await readInputs(session, options.grantsFile);
    const subject = nameSubject(inputs, kind, given);
    refuseOwn(subject, session.bot.spiffeId.name);
    let plan = await planOne(session, inputs, subject, options);
    printPlan(output, plan);
    const isAsked = !flags.dryRun && asks(output, flags);
    if (flags.dryRun || (isAsked && !(await confirm("Retire?")))) {
      const refusal = flags.dryRun ? findRefusal(plan, options) : undefined;
      const value = { ok: true, done: false, plan, ...(refusal && { refusal: refusal.message }) };
      return output.result(value, () => printDryRun(output, refusal));
    }
    if (isAsked) {
      // The answer may have taken long: what was called meanwhile counts.
      const { callers, doubts } = await planOne(
        session,
        await readInputs(session, options.grantsFile),
        subject,
        options,
      );
      plan = { ...plan, callers, doubts };
    }
    const rescan = createRescan(session);
    const onStep = (step: Parameters<typeof printStep>[1]) => printStep(output, step);
    const { record, kept } = await retireOne(session, plan, options, { rescan, onStep });
    output.exitCode = record.complete ? 0 : 1;
    output.result({ ok: record.complete, done: record.complete, record, ...kept }, () => {
      printEnd(output, record);
      if (kept) output.line(paint("dim", `record: ${kept.file}, entry ${kept.seq} of the audit log`));
    });
  }, flags);
}

async function due(output: Output, flags: Flags): Promise<void> {
  const { retireDue } = await import("../retire/retire-due.js");
  const { printDue } = await import("../retire/print.js");
  const options = await readOptions(flags);
  try {
    const result = await asMember((session) => retireDue(session, options, { dryRun: flags.dryRun ?? false }), flags);
    output.exitCode = { done: 0, open: 1, unknown: 2 }[result.state];
    output.result({ ok: result.state === "done", ...result }, () => printDue(output, result));
  } catch (error) {
    output.failure(error);
    output.exitCode = 2; // It could not judge.
  }
}

function verifyCommand(output: Output): Command {
  return new Command("verify")
    .description("Verify the signed record of a retirement: its signature, its signer, and its entry in the audit log.")
    .argument("<file>", "the record")
    .option("--ca <file>", "the fleet's CA certificates at that time, PEM. Default: those that the fleet trusts now")
    .option("--offline", "without the audit log; needs --ca. The time of the record is then its signer's word")
    .addHelpText("after", "\nExample:\n  interlock retire verify .interlock/retirements/bot-gripper-1.json")
    .action(async (file: string, { ca, offline = false }: { ca?: string; offline?: boolean }) => {
      const { findLogged, readCa, verifyFile } = await import("../retire/verify.js");
      if (offline && ca === undefined) {
        throw new InterlockError("INVALID_ARGUMENT", "Without the authority, give the CA certificates with --ca.");
      }
      const verify = async (session?: Session) => {
        const trusted = ca === undefined ? (session?.bot.trust.state.caCertificates ?? []) : await readCa(ca);
        const verified = await verifyFile(file, trusted);
        const logged = session && (await findLogged(session, verified));
        if (logged && "fault" in logged) throw new InterlockError("DATA_LOSS", `${file}: ${logged.fault}`);
        const { record, signer, sha256, serial } = verified;
        output.result({ ok: true, sha256, signer, serial, entry: logged, record }, () => {
          const { kind, name } = record.subject;
          output.line(
            `${paint("green", "verified")} ${kind} ${name}, ${record.complete ? "retired" : "not done"}, by ${signer}`,
          );
          for (const step of record.steps)
            output.line(`  ${step.state.padEnd(11)}  ${step.id.padEnd(11)}  ${step.result}`);
          if (logged) output.line(`entry ${logged.seq} of the audit log, ${new Date(logged.at).toISOString()}`);
          else {
            output.line(`at ${new Date(record.endedAt).toISOString()}, by its signer's word`);
            output.line(`whether ${signer} was an operator is not known without the audit log`);
          }
        });
      };
      if (offline) await verify();
      else await asMember(verify);
    });
}

function undoCommand(output: Output): Command {
  return new Command("undo")
    .description("End the retirement of methods and services: servers serve them again. Grants do not come back by it.")
    .argument("<name...>", "methods and services; the package may be omitted")
    .addHelpText(
      "after",
      "\nGrants come back with: interlock grants rollback. A bot comes back with: interlock unrevoke, then interlock invite.\n\n" +
        "Example:\n  interlock retire undo cafe.gripper.v1.GripperService/Grip",
    )
    .action((names: readonly string[]) =>
      asMember(async ({ admin }) => {
        const { nameRetired } = await import("../retire/name-retired.js");
        const { allPages } = await import("../all-pages.js");
        const retired = (await allPages(admin.listRetiredMethods, (answer) => answer.methods)).map((one) => one.method);
        const methods = names.map((name) => nameRetired(retired, name));
        const { unretired, trustVersion } = await admin.unretireMethods({ methods });
        output.result({ ok: true, unretired, trustVersion }, () => {
          for (const method of unretired) output.line(`${paint("green", "served again")} ${method}`);
          output.line("Grants that went with it come back by: interlock grants rollback");
        });
      }),
    );
}

async function readOptions(flags: Flags): Promise<RetireOptions> {
  const { readOutside, withHooks } = await import("../retire/read-outside.js");
  const { readAddress } = await import("@interlock/bot/internal");
  for (const address of flags.address ?? []) {
    try {
      readAddress(address);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  }
  return {
    despiteCallers: flags.despiteCallers ?? defaultOptions.despiteCallers,
    force: flags.force ?? defaultOptions.force,
    windowMs: flags.window,
    waitMs: flags.wait ?? defaultOptions.waitMs,
    outside: withHooks(await readOutside(flags.config), flags.hook ?? []),
    addresses: flags.address ?? defaultOptions.addresses,
    tickedOff: new Set(flags.done),
    grantsFile: flags.grants ?? defaultOptions.grantsFile,
    recordFile: flags.record,
  };
}

function asks(output: Output, { yes }: Flags): boolean {
  return !yes && !output.json && process.stdin.isTTY === true;
}
