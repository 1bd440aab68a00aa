import { open } from "node:fs/promises";
import { InterlockError } from "@interlock/bot";
import { ReceiptFault, type VerifiedReceipt, verifyReceipt } from "@interlock/mcp";
import { asMember } from "./operator.js";
import type { Output } from "./output.js";
import { paint } from "./output.js";
import { readCa } from "./retire/verify.js";

/** How many wrong receipts are named. */
const maximumNamed = 20;

/**
 * Verifies the receipts of a file, one a line, and lists what they say. Rejects with `DATA_LOSS` when one is not believed, after all
 * have been looked at.
 */
export async function verifyReceipts(output: Output, path: string, ca: string | undefined): Promise<void> {
  const caCertificates =
    ca === undefined ? await asMember(async ({ bot }) => bot.trust.state.caCertificates) : await readCa(ca);
  const faults: string[] = [];
  const verified: VerifiedReceipt[] = [];
  let line = 0;
  const file = await open(path).catch((cause: Error) => {
    throw new InterlockError("NOT_FOUND", `${path} cannot be read: ${cause.message}.`, { cause });
  });
  try {
    for await (const text of file.readLines()) {
      line++;
      if (text.trim() === "") continue;
      try {
        verified.push(await verifyReceipt(text, caCertificates));
      } catch (thrown) {
        if (!(thrown instanceof ReceiptFault)) throw thrown;
        if (faults.length < maximumNamed) faults.push(`  line ${line}: ${thrown.message}`);
      }
    }
  } finally {
    await file.close();
  }
  if (faults.length > 0) {
    throw new InterlockError("DATA_LOSS", `Receipts in ${path} are not to be believed:\n${faults.join("\n")}`);
  }
  output.result({ ok: true, receipts: verified.map(toPlain) }, () => {
    output.line(`${paint("green", "verified")} ${verified.length} ${verified.length === 1 ? "receipt" : "receipts"}`);
    output.table(
      ["NO.", "AT", "BY", "FOR", "METHOD", "DECISION", "CODE"],
      verified.map(({ record, caller, subject, method, details }) => [
        String(record.seq),
        new Date(record.at).toISOString(),
        caller,
        subject,
        method,
        `${details.decision}${details.reason === undefined ? "" : ` ${details.reason}`}`,
        String(details.code),
      ]),
    );
  });
}

function toPlain({ record, caller, subject, method, details }: VerifiedReceipt) {
  return { seq: record.seq, at: record.at, hash: record.hash, by: caller, for: subject, method, ...details };
}
