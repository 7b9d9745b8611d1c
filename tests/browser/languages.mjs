// Opens the reports of one run in several languages in a real browser. Usage: node languages.mjs TAG=REPORT.html …
// CHURN_BROWSER names the browser. Prints a line a language; fails on the first promise that is not kept.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const reports = process.argv.slice(2).map((given) => {
  const end = given.indexOf("=");
  return [given.slice(0, end), path.resolve(given.slice(end + 1))];
});

const browser = await puppeteer.launch({
  executablePath: process.env.CHURN_BROWSER ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

for (const [tag, file] of reports) {
  const page = await browser.newPage();
  const misdeeds = [];
  page.on("console", (message) => misdeeds.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => misdeeds.push(`error: ${error.message}`));
  page.on("dialog", async (dialog) => { misdeeds.push("dialogue"); await dialog.dismiss(); });
  await page.setViewport({ width: 1400, height: 1000 });
  await page.goto(pathToFileURL(file).href, { waitUntil: "load" });

  assert.equal(await page.$eval("html", (it) => it.lang), tag);
  assert.equal(await page.evaluate(() => window.harmed), undefined);
  assert.equal(await page.$$eval("main script, main img, main iframe", (all) => all.length), 0);
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(inner <= outer, `${tag}: nothing is wider than the window: ${inner} > ${outer}`);

  // What the script says is in the language too: the number of rows that match, as the language writes it.
  const all = await page.$eval("#shown", (it) => it.textContent);
  const first = await page.$eval("table.list > tbody > tr th", (it) => it.textContent.trim().slice(0, 12));
  await page.type("input[type=search]", first);
  await page.waitForFunction((all) => document.querySelector("#shown").textContent !== all, {}, all);
  const some = await page.$eval("#shown", (it) => it.textContent);
  const shown = await page.$$eval("table.list > tbody > tr:not([hidden])", (rows) => rows.length);
  assert.ok(some.includes(new Intl.NumberFormat(tag).format(shown)) && !some.includes("#"), `${tag}: ${some}`);
  assert.deepEqual(misdeeds, [], tag);
  await page.close();

  for (const hash of ["#list", "#drivers", "#measures", "#model", "#data"]) {
    const judged = await browser.newPage();
    await judged.setBypassCSP(true);
    await judged.goto(pathToFileURL(file).href + hash, { waitUntil: "load" });
    // Rows like the first ones hold nothing new.
    await judged.evaluate(() => [...document.querySelectorAll("table.list > tbody > tr")].slice(12).forEach((row) => row.remove()));
    await judged.evaluate(AXE);
    const found = await judged.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    const said = found.violations.map((it) => `${it.id}: ${it.help}\n  ${it.nodes[0].html.slice(0, 200)}`);
    assert.deepEqual(said, [], `axe, ${tag}, ${hash}`);
    await judged.close();
  }
  console.log(`kept: ${tag}, ${path.basename(path.dirname(path.dirname(file)))}: ${some}`);
}

await browser.close();
