// A page in a real Chromium that sends requests, whose network log Playwright saves as HAR.
//
//   node fetch_all.mjs NODE_MODULES CHROMIUM FILE ORIGIN REQUESTS

import { createRequire } from "node:module";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";

const [modules, executablePath, file, origin, requests] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--no-proxy-server"] });
const context = await browser.newContext({ recordHar: { path: `${file}.part`, content: "embed" } });
try {
  const page = await context.newPage();
  await page.goto(`${origin}/t1/page`);
  for (const { url, headers, cookie, body } of JSON.parse(readFileSync(requests, "utf8"))) {
    await context.clearCookies();
    const cookies = cookie.split("; ").map((each) => each.split("="));
    await context.addCookies(cookies.map(([name, value]) => ({ name, value, url: origin })));
    await page.evaluate(
      async ([where, options]) => void (await (await fetch(where, options)).text()),
      [url, { method: "POST", headers, body }],
    );
  }
  await context.close(); // writes the file
} finally {
  await browser.close();
}
renameSync(`${file}.part`, file);
