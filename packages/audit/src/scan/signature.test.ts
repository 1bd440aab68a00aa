import assert from "node:assert/strict";
import { recognize } from "./signature.js";

describe("recognize", () => {
  const rows: [string | Buffer, string | undefined][] = [
    ["", undefined],
    [Buffer.from("000006040000000000000400000000", "hex"), "HTTP/2"],
    [Buffer.from("000000040000000000", "hex"), "HTTP/2"],
    ["HTTP/1.1 400 Bad Request\r\n", "HTTP/1.1"],
    ["<!DOCTYPE html><p>no", "HTTP/1.1"],
    ["SSH-2.0-OpenSSH_9.2p1\r\n", "an SSH server"],
    ["-ERR unknown command", "Redis, or a server that speaks its protocol"],
    ["-NOAUTH Authentication required.", "Redis, or a server that speaks its protocol"],
    ["220 mx.example ESMTP Postfix", "a mail server (SMTP)"],
    ["220 ready", "an FTP or mail server"],
    [Buffer.from("4a0000000a382e302e333600", "hex"), "MySQL or MariaDB"],
    ["hello", "a protocol that the scan does not know"],
    [Buffer.from("0000060400000000010004", "hex"), "a protocol that the scan does not know"],
  ];
  for (const [bytes, name] of rows)
    it(`${JSON.stringify(bytes.toString("latin1"))} is ${name ?? "nothing"}`, () => {
      assert.equal(recognize(Buffer.from(bytes as string))?.name, name);
    });
});
