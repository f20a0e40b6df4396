// Reads a HAR file with the importer of Chrome's developer tools, and tells what it made of it.
//   node chrome_har.mjs NODE_MODULES SCRATCH FILE
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [modules, scratch, file] = process.argv.slice(2);
const esbuild = createRequire(path.join(modules, "x.js"))("esbuild");
const tools = path.join(modules, "chrome-devtools-frontend", "front_end");
const bundle = path.join(scratch, "chrome_har_bundle.mjs");

// The package is TypeScript that imports itself as JavaScript; its languages are made by a build.
const asTypeScript = {
  name: "as-typescript",
  setup(build) {
    build.onResolve({ filter: /locales\.js$/ }, () => ({ path: "locales", namespace: "stand-in" }));
    build.onLoad({ filter: /.*/, namespace: "stand-in" }, () => ({
      contents: `export const LOCALES = ["en-US"], BUNDLED_LOCALES = ["en-US"];
        export const DEFAULT_LOCALE = "en-US", REMOTE_FETCH_PATTERN = "", LOCAL_FETCH_PATTERN = "";`,
    }));
    build.onResolve({ filter: /\.js$/ }, (wanted) => {
      const typed = path.resolve(wanted.resolveDir, wanted.path.replace(/\.js$/, ".ts"));
      return fs.existsSync(typed) ? { path: typed } : undefined;
    });
  },
};

if (!fs.existsSync(bundle)) {
  await esbuild.build({
    stdin: {
      contents: `export { HARRoot } from "${tools}/models/har/HARFormat.ts";
        export { Importer } from "${tools}/models/har/Importer.ts";`,
      resolveDir: scratch,
      loader: "ts",
    },
    bundle: true,
    format: "esm",
    platform: "node",
    outfile: bundle,
    logLevel: "error",
    loader: { ".css": "text" },
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    plugins: [asTypeScript],
  });
}

const { HARRoot, Importer } = await import(pathToFileURL(bundle).href);
const { log } = new HARRoot(JSON.parse(fs.readFileSync(file, "utf8")));
const seen = [];
for (const request of Importer.requestsFromHARLog(log)) {
  const form = await request.requestFormData();
  const content = await request.requestContentData();
  seen.push({
    method: request.requestMethod,
    url: request.url(),
    status: request.statusCode,
    headers: request.requestHeaders().map((each) => [each.name, each.value]),
    form: form ?? null,
    parameters: (await request.formParameters()) ?? null,
    address: request.remoteAddress(),
    seconds: request.duration,
    body: (content.isTextContent ? content.text : content.base64) ?? null,
    failed: request.failed,
  });
}
console.log(JSON.stringify(seen));
