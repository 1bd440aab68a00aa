import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { denial } from "../base/error.js";
import { askForJson } from "./ask-for-json.js";
import { IssuerStatusError, issuerFailure } from "./issuer-failure.js";

const issuer = "https://issuer.test";

describe("an issuer that gives no answer", () => {
  const told = (cause: unknown) => {
    const error = issuerFailure(issuer, cause);
    assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "ISSUER_UNREACHABLE"]);
    return error.message;
  };
  const withCode = (code: string) => Object.assign(new Error("it says so"), { code });
  const reached = /was reached/;

  it("is told as out of reach only where it is", () => {
    for (const code of ["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ETIMEDOUT"]) {
      assert.equal(told(withCode(code)), `The token issuer cannot be reached: it says so; is it up at ${issuer}?`);
    }
    for (const code of [
      "SELF_SIGNED_CERT_IN_CHAIN",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "ERR_TLS_CERT_ALTNAME_INVALID",
    ]) {
      assert.match(told(withCode(code)), /was reached, and its certificate is not trusted: it says so; name its CA/);
    }
    assert.match(told(withCode("ERR_SSL_WRONG_VERSION_NUMBER")), /was reached, and does not speak TLS/);
    assert.match(
      told(withCode("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED")),
      /was reached, and refuses the connection/,
    );
    assert.match(told(withCode("ECONNRESET")), /was reached, and closed the connection/);
    for (const code of ["ENOENT", "EACCES"])
      assert.match(told(withCode(code)), /^A file for .* cannot be read: it says/);
    assert.match(told(withCode("ERR_OSSL_PEM_NO_START_LINE")), /^The CA file .* cannot be used/);
    assert.match(told(new SyntaxError("{ secret")), /^(?!.*secret).* holds no JSON\.$/);
    assert.match(told(new Error("it did not answer within 5000 ms")), /gives no answer that can be used: it did not/);
  });

  it("is told with its status, and whether to try again or to look at the address", () => {
    const status = (of: number) => told(new IssuerStatusError("the issuer's keys", of));
    assert.match(status(503), /was reached, and does not serve: the issuer's keys were answered with 503; try again/);
    assert.match(status(404), /answered with 404; is https:\/\/issuer\.test its address\?/);
    assert.equal(issuerFailure(issuer, new IssuerStatusError("x", 503)).metadata.status, "503");
    const known = denial("ISSUER_UNUSABLE", "it is another");
    assert.equal(issuerFailure(issuer, known), known);
  });

  describe("by real sockets", () => {
    let server: Server;
    let meet: (socket: Socket) => void;
    before(async () => {
      server = createServer((socket) => meet(socket.on("error", () => {}))).listen(0, "127.0.0.1");
      await once(server, "listening");
    });
    after(() => server.close());

    async function said(): Promise<string> {
      const { port } = server.address() as { port: number };
      const asked = askForJson({ url: new URL(`https://127.0.0.1:${port}/`) });
      return told(
        await asked.then(
          () => assert.fail("it answered"),
          (error: unknown) => error,
        ),
      );
    }

    it("names one that closes, and one that speaks another protocol", async () => {
      meet = (socket) => socket.destroy();
      assert.match(await said(), reached);
      meet = (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
      assert.match(await said(), /was reached, and does not speak TLS/);
    });
  });
});
