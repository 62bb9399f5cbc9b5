// Bundles the page into dist/: index.html, and assets/page.js and assets/page.css that it names by their content.
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const digest = async (path) =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex")
    .slice(0, 12);

await rm(at("dist"), { recursive: true, force: true });
await mkdir(at("dist/assets"), { recursive: true });
await build({
  entryPoints: { page: at("src/main.ts") },
  outdir: at("dist/assets"),
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "iife",
  target: ["es2022"],
  legalComments: "eof",
  logLevel: "warning",
});
await build({
  entryPoints: { page: at("src/page.css") },
  outdir: at("dist/assets"),
  bundle: true,
  minify: true,
  logLevel: "warning",
});
await copyFile(at("src/icon.svg"), at("dist/assets/icon.svg"));
let index = await readFile(at("src/index.html"), "utf8");
for (const name of ["page.js", "page.css"]) {
  index = index.replace(`/assets/${name}`, `/assets/${name}?v=${await digest(at(`dist/assets/${name}`))}`);
}
await writeFile(at("dist/index.html"), index);
