// The browser that CHURN_BROWSER names, and the pages that the scripts beside this file open in it.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// Milliseconds. A busy machine is no fault of a page.
const PATIENCE = 300_000;

export const browser = await puppeteer.launch({
  executablePath: process.env.CHURN_BROWSER ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
  protocolTimeout: PATIENCE,
});

export async function newPage() {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  return page;
}

// A page that notes what it should not do: to write to the console, to ask for anything, or to open a dialogue.
export async function open(file, prepare = async () => {}) {
  const page = await newPage();
  page.misdeeds = [];
  page.on("console", (message) => page.misdeeds.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => page.misdeeds.push(`error: ${error.message}`));
  page.on("dialog", async (dialog) => { page.misdeeds.push(`dialogue: ${dialog.message()}`); await dialog.dismiss(); });
  page.on("request", (request) => {
    if (request.url() !== pathToFileURL(file).href) { page.misdeeds.push(`request: ${request.url()}`); }
  });
  await page.setViewport({ width: 1400, height: 1000 });
  await prepare(page);
  await page.goto(pathToFileURL(file).href, { waitUntil: "load" });
  return page;
}

// Closes a page, which must have done none of that.
export async function close(page) {
  assert.deepEqual(page.misdeeds, []);
  await page.close();
}

// Holds a page to what axe asks of it. A policy that forbids scripts forbids axe's too, so it is switched off for this.
export async function judge(file, { hash = "", scheme = "light" } = {}) {
  const page = await newPage();
  await page.setBypassCSP(true);
  await page.setViewport({ width: 1400, height: 1000 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(pathToFileURL(file).href + hash, { waitUntil: "load" });
  await page.evaluate(() => document.querySelectorAll("details").forEach((it, place) => { it.open = place < 4; }));
  // Rows like the first ones hold nothing new; axe takes seconds for a hundred of them.
  await page.evaluate(() => [...document.querySelectorAll("table.list > tbody > tr")].slice(12).forEach((row) => row.remove()));
  await page.evaluate(AXE);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const said = found.violations.map((it) => `${it.id}: ${it.help}\n  ${it.nodes.slice(0, 3).map((n) => n.html.slice(0, 200)).join("\n  ")}`);
  assert.deepEqual(said, [], `axe, ${file}, ${scheme}, ${hash}`);
  await page.close();
}
