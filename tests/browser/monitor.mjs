// Opens pages of a monitoring in a real browser and holds them to what they promise. Usage: node monitor.mjs MONITOR.html …
// CHURN_BROWSER names the browser. Prints a line a page; fails on the first promise that is not kept.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await puppeteer.launch({
  executablePath: process.env.CHURN_BROWSER ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

async function open(file, prepare = async () => {}) {
  const page = await browser.newPage();
  page.misdeeds = [];
  page.on("console", (message) => page.misdeeds.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => page.misdeeds.push(`error: ${error.message}`));
  page.on("dialog", async (dialog) => { page.misdeeds.push("dialogue"); await dialog.dismiss(); });
  page.on("request", (request) => {
    if (request.url() !== pathToFileURL(file).href) { page.misdeeds.push(`request: ${request.url()}`); }
  });
  await page.setViewport({ width: 1400, height: 1000 });
  await prepare(page);
  await page.goto(pathToFileURL(file).href, { waitUntil: "load" });
  return page;
}

const sections = (page) => page.$$eval("main > section", (all) => all.filter((it) => it.offsetParent !== null).length);

for (const file of process.argv.slice(2).map((given) => path.resolve(given))) {
  // In a window, in a narrow one, without scripts, and on paper.
  const page = await open(file);
  assert.equal(await page.evaluate(() => window.harmed), undefined);
  assert.equal(await page.$$eval("script, main img, main iframe, main object", (all) => all.length), 0);
  const all = await sections(page);
  assert.ok(all >= 4, `${all} sections`);
  for (const width of [1400, 420]) {
    await page.setViewport({ width, height: 1000 });
    const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.ok(inner <= outer, `nothing is wider than the window: ${inner} > ${outer}`);
  }
  const summary = await page.$("main details > summary");
  await summary?.focus();
  await page.keyboard.press("Enter");
  assert.ok(!summary || await page.$eval("main details", (it) => it.open), "numbers open by keyboard");
  await page.emulateMediaType("print");
  assert.equal(await sections(page), all, "all of it is printed");
  assert.ok((await page.pdf({ format: "A4" })).length > 10_000);
  assert.deepEqual(page.misdeeds, []);
  await page.close();

  const still = await open(file, (page) => page.setJavaScriptEnabled(false));
  assert.equal(await sections(still), all);
  assert.deepEqual(still.misdeeds, []);
  await still.close();

  for (const scheme of ["light", "dark"]) {
    const judged = await browser.newPage();
    // The policy of the page forbids scripts, axe's too.
    await judged.setBypassCSP(true);
    await judged.setViewport({ width: 1400, height: 1000 });
    await judged.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await judged.goto(pathToFileURL(file).href, { waitUntil: "load" });
    await judged.evaluate(() => document.querySelectorAll("details").forEach((it, place) => { it.open = place < 4; }));
    await judged.evaluate(AXE);
    const found = await judged.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    const said = found.violations.map((it) => `${it.id}: ${it.help}\n  ${it.nodes[0].html.slice(0, 200)}`);
    assert.deepEqual(said, [], `axe, ${scheme}`);
    await judged.close();
  }
  console.log(`kept: ${all} sections of ${path.basename(path.dirname(file))}`);
}

await browser.close();
