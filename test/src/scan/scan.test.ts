import { type Certificates, makeCertificates } from "./certificates.js";
import { checkRow } from "./check-row.js";
import { quickRows } from "./rows.js";

describe("a scan of servers that this process starts", () => {
  let certificates: Certificates;
  before(async () => {
    certificates = await makeCertificates();
  });
  after(() => certificates.remove());
  for (const row of quickRows) checkRow(row, () => certificates);
});
