// One token request that Polly.js records, or those of a file.
//
//   node record_polly.mjs NODE_MODULES FOLDER URL FORM
//   node record_polly.mjs NODE_MODULES FOLDER REQUESTS

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";

const [modules, recordingsDir, url, form] = process.argv.slice(2);
const require = createRequire(join(modules, "x.js"));
const { Polly } = require("@pollyjs/core");
Polly.register(require("@pollyjs/adapter-node-http"));
Polly.register(require("@pollyjs/persister-fs"));

const polly = new Polly("sign-in", {
  adapters: ["node-http"],
  persister: "fs",
  persisterOptions: { fs: { recordingsDir } },
  recordIfMissing: true,
  logLevel: "silent",
});
const plain = { "Content-Type": "application/x-www-form-urlencoded" };
const ofFile = form === undefined;
const requests = ofFile
  ? JSON.parse(readFileSync(url, "utf8"))
  : [{ url, headers: plain, body: form }];
for (const { url, headers, body } of requests) {
  const counted = ofFile ? { ...headers, "Content-Length": Buffer.byteLength(body) } : headers;
  await new Promise((done, failed) => {
    const asked = http.request(url, { method: "POST", headers: counted }, (answer) => {
      answer.resume();
      answer.on("end", done);
    });
    asked.on("error", failed);
    asked.end(body);
  });
}
await polly.stop();
