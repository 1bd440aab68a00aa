import assert from "node:assert/strict";
import { escapeHtml } from "./escape-html.js";
import { htmlPage } from "./html-page.js";

describe("a page", () => {
  it("shows a text from elsewhere as text, and its invisible characters in a printable form", () => {
    assert.equal(escapeHtml(`<b a="1">&'`), "&lt;b a=&quot;1&quot;&gt;&amp;&#39;");
    assert.equal(escapeHtml("a\u202eb\u0000c\nd"), "a\\u{202e}b\\u{0}c\nd");
  });

  it("loads nothing and runs nothing", () => {
    const page = htmlPage({ title: "<script>", body: "<p>Hello</p>", note: "now" });
    assert.match(page, /<title>&lt;script&gt;<\/title>/);
    assert.doesNotMatch(page, /<script|src=|href=|@import|url\(/);
    assert.match(page, /default-src 'none'/);
  });
});
