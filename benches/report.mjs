// How fast a browser opens a report, sorts it, filters it and opens a row. Usage: node report.mjs REPORT.html [TIMES]
// CHURN_BROWSER names the browser. Run it beside tests/browser/node_modules (`npm ci --prefix tests/browser`), or with a link to it.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const file = path.resolve(process.argv[2]);
const times = Number(process.argv[3] ?? 3);
const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

async function open(width) {
  const browser = await puppeteer.launch({
    executablePath: process.env.CHURN_BROWSER ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
      "--disable-sync"],
    protocolTimeout: 600_000,
  });
  const page = await browser.newPage();
  await page.setViewport({ width, height: 1000 });
  await page.goto(pathToFileURL(file).href, { waitUntil: "load", timeout: 600_000 });
  await page.evaluate(frame);
  return [browser, page];
}

async function timed(page, act) {
  const start = Date.now();
  await act();
  await page.evaluate(frame);
  return Date.now() - start;
}

const measured = {};
function note(what, milliseconds) { (measured[what] ??= []).push(Math.round(milliseconds)); }

for (let time = 0; time < times; time += 1) {
  const start = Date.now();
  const [browser, page] = await open(1280);
  note("browser, page and first frame", Date.now() - start);
  const at = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    interactive: performance.getEntriesByType("navigation")[0].domInteractive,
    load: performance.getEntriesByType("navigation")[0].loadEventEnd,
  }));
  note("first paint", at.paint);
  note("document interactive", at.interactive);
  note("load event", at.load);
  note("opening a row", await timed(page, () => page.click("table.list details > summary")));
  note("sorting by customer", await timed(page, () => page.click("table.list thead th:nth-child(2) button")));
  note("one filter", await timed(page, async () => {
    const all = await page.$eval("#shown", (it) => it.textContent);
    await page.select("form.filters select", await page.$eval("form.filters select", (it) => it.options[1].value));
    await page.waitForFunction((all) => document.querySelector("#shown").textContent !== all, {}, all);
  }));
  if (time === 0) {
    const rows = await page.$$eval("table.list", (all) => all.reduce((sum, it) => sum + it.tBodies[0].rows.length, 0));
    console.log(`${rows} rows, ${(fs.statSync(file).size / 1e6).toFixed(1)} MB, ${os.cpus()[0].model} x ${os.cpus().length}, ${await browser.version()}`);
  }
  await browser.close();
}
for (const [what, all] of Object.entries(measured)) { console.log(`${what}: ${all.join(", ")} ms`); }
