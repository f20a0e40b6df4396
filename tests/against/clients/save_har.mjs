// Alice, in front of a real Chromium whose network log Playwright saves as a HAR file; as one
// in a zip, with each body in a file of its own, where the name ends in .zip.
//
//   node save_har.mjs NODE_MODULES CHROMIUM PROXY FILE URL

import { createRequire } from "node:module";
import { renameSync } from "node:fs";
import { join } from "node:path";

const [modules, executablePath, proxy, file, url] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");

// As switches: Playwright's own setting would send what is meant for this machine there, too.
const args = ["--no-sandbox", "--disable-quic", `--proxy-server=${proxy}`];
const browser = await chromium.launch({ executablePath, args });
const isZip = file.endsWith(".zip");
const part = isZip ? `${file}.part.zip` : `${file}.part`;
const context = await browser.newContext({
  ignoreHTTPSErrors: true,
  recordHar: { path: part, content: isZip ? "attach" : "embed" },
});
try {
  const page = await context.newPage();
  await page.goto(url);
  await page.fill("#login", "alice@contoso-practice.example");
  await page.fill("#passwd", "practice");
  await page.click("button[value=signin]");
  await page.click("button[value=accept]");
  await page.waitForURL((here) => here.hostname === "localhost");
  await page.waitForLoadState("networkidle");
  await context.close(); // writes the file
} finally {
  await browser.close();
}
renameSync(part, file);
