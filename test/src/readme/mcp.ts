import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { verifyReceipt } from "@interlock/mcp";

const [receipts = "", ca = ""] = process.argv.slice(2);
const { raw } = new X509Certificate(await readFile(ca));
for (const line of (await readFile(receipts, "utf8")).trim().split("\n")) {
  const { caller, subject, method, details } = await verifyReceipt(line, [raw]);
  console.log(`${caller} called ${method} for ${subject}: ${details.decision}, ${details.code}`);
}
