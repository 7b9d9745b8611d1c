// Opens reports in a real browser and holds them to what they promise. Usage: node report.mjs REPORT.html [HOSTILE.html]
// CHURN_BROWSER names the browser. Prints a line a promise; fails on the first that is not kept.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { browser, close, judge, newPage, open } from "./browser.mjs";

const [report, hostile] = process.argv.slice(2).map((file) => path.resolve(file));

let promises = 0;
function kept(promise) {
  promises += 1;
  console.log(`kept: ${promise}`);
}

// ---- with scripts ---------------------------------------------------------------------------------------------------
{
  const page = await open(report);
  const rows = await page.$$eval("table.list > tbody > tr", (rows) => rows.length);
  assert.ok(rows > 1, "the report has a list");
  assert.match(await page.$eval("meta[http-equiv]", (meta) => meta.content), /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+';/);
  assert.equal(await page.$eval("#shown", (it) => it.getAttribute("aria-live")), "polite");
  const sections = () => page.$$eval("main > section", (all) => all.filter((it) => it.offsetParent !== null).map((it) => it.id));
  assert.deepEqual(await sections(), ["list"]);
  for (const id of ["drivers", "measures", "model", "data", "list"]) {
    await page.click(`nav a[href="#${id}"]`);
    await page.waitForFunction((id) => document.querySelector("nav [aria-current]").hash === "#" + id, {}, id);
    assert.deepEqual(await sections(), [id]);
  }
  kept("a page at a time");

  const cells = (column) => page.$$eval("table.list > tbody > tr", (rows, column) => rows.map((row) => row.cells[column].dataset.v ?? row.cells[column].textContent), column);
  const heads = await page.$$eval("table.list thead th", (heads) => heads.map((head) => head.dataset.sorts ?? ""));
  const risk = heads.indexOf("most");
  // By keyboard: the heading's button takes the focus, Enter and the space bar press it.
  await page.focus(`table.list thead th:nth-child(${risk + 1}) button`);
  await page.keyboard.press("Enter");
  const falling = (await cells(risk)).map(Number);
  assert.deepEqual(falling, [...falling].sort((a, b) => b - a));
  await page.keyboard.press("Space");
  assert.equal(await page.$eval(`table.list thead th:nth-child(${risk + 1})`, (head) => head.getAttribute("aria-sort")), "ascending");
  const rising = (await cells(risk)).map(Number);
  assert.deepEqual(rising, [...rising].sort((a, b) => a - b));
  await page.focus("table.list thead th:nth-child(2) button");
  await page.keyboard.press("Enter");
  const names = await cells(1);
  assert.deepEqual(names, [...names].sort(new Intl.Collator("en", { numeric: true }).compare));
  await page.focus("table.list thead th:first-child button");
  await page.keyboard.press("Enter");
  assert.deepEqual((await cells(0)).map(Number), Array.from({ length: rows }, (_, place) => place + 1));
  const tables = await page.$$eval("table.list", (all) => all.map((it) => it.tBodies[0].rows.length));
  assert.ok(tables.length > 1 && tables.slice(0, -1).every((rows) => rows === tables[0]), "the list lies in tables of equal length");
  assert.equal(await page.$$eval("table.list > thead > tr > th:first-child", (all) => new Set(all.map((it) => it.getAttribute("aria-sort"))).size), 1);
  kept("sorting by keyboard, with aria-sort, across all tables");

  const shown = () => page.$$eval("table.list > tbody > tr:not([hidden])", (rows) => rows.length);
  const third = names.length > 2 ? await page.$eval("table.list > tbody > tr:nth-child(3) th", (it) => it.textContent.trim()) : names[0];
  await page.type("input[type=search]", third);
  await page.waitForFunction((rows) => document.querySelectorAll("table.list > tbody > tr:not([hidden])").length < rows, {}, rows);
  assert.ok(await page.$$eval("table.list > tbody > tr:not([hidden])", (rows, id) => rows.every((row) => row.textContent.includes(id)), third));
  assert.notEqual(await page.$eval("#shown", (it) => it.textContent), "");
  await page.click("button[type=reset]");
  await page.waitForFunction((rows) => document.querySelectorAll("table.list > tbody > tr:not([hidden])").length === rows, {}, rows);
  const selects = await page.$$eval("form.filters select", (all) => all.map((it) => [it.name, it.options[1].value]));
  assert.ok(selects.length >= 3, "filters by tier, reason and status at least");
  for (const [name, value] of selects) {
    await page.select(`select[name=${name}]`, value);
    await page.waitForFunction((rows) => document.querySelectorAll("table.list > tbody > tr:not([hidden])").length < rows, {}, rows);
    assert.ok((await shown()) > 0, name);
    assert.ok(await page.$$eval(".section", (all) => all.every((it) => it.hidden === !it.querySelector("table.list > tbody > tr:not([hidden])"))), "no table without rows");
    await page.select(`select[name=${name}]`, "");
    await page.waitForFunction((rows) => document.querySelectorAll("table.list > tbody > tr:not([hidden])").length === rows, {}, rows);
  }
  kept("search and filters");

  const summary = await page.$("table.list > tbody > tr:first-child details > summary");
  await summary.focus();
  await page.keyboard.press("Enter");
  assert.ok(await page.$eval("table.list > tbody > tr:first-child details", (it) => it.open));
  await page.click("button[name=open]");
  assert.ok(await page.$$eval("table.list details", (all) => all.every((it) => it.open)));
  kept("details by keyboard, and all at once");
  await close(page);
}

// ---- what a screen reader, a dark room and a printer get ------------------------------------------------------------
for (const scheme of ["light", "dark"]) {
  for (const hash of ["#list", "#drivers", "#measures", "#model", "#data"]) {
    await judge(report, { hash, scheme });
  }
}
kept("axe finds nothing, in light and in dark");
{
  const page = await open(report);
  await page.emulateMediaType("print");
  const seen = await page.$$eval("main > section", (all) => all.filter((it) => it.offsetParent !== null).length);
  assert.equal(seen, 5, "all pages are printed");
  assert.equal(await page.$eval("nav", (it) => getComputedStyle(it).display), "none");
  assert.ok(await page.$$eval(".section", (all) => all.every((it) => getComputedStyle(it).contentVisibility === "visible")));
  const pdf = await page.pdf({ format: "A4", landscape: true });
  assert.ok(pdf.length > 10_000);
  kept("print");
  await close(page);
}

// ---- without scripts, and in a frame that allows nothing ------------------------------------------------------------
const whole = await (async () => {
  const page = await open(report, (page) => page.setJavaScriptEnabled(false));
  await page.evaluate(() => document.querySelectorAll("details").forEach((it) => { it.open = true; }));
  let text = await page.evaluate(() => document.body.innerText);
  // A table of the list is laid out when it is come to.
  for (const section of await page.$$(".section")) {
    await section.evaluate((it) => it.scrollIntoView());
    await new Promise((done) => setTimeout(done, 200));
    text += await section.evaluate((it) => it.innerText);
  }
  const rows = await page.$$eval("table.list > tbody > tr", (rows) => rows.map((row) => [...row.querySelectorAll("li")].map((it) => it.textContent)));
  for (const reasons of rows) {
    for (const reason of reasons) { assert.ok(text.includes(reason.trim()), reason); }
  }
  assert.equal((await page.$$eval("main > section", (all) => all.filter((it) => it.offsetParent !== null))).length, 5);
  assert.equal(await page.$eval("form.filters", (it) => it.offsetParent), null);
  await close(page);
  return text;
})();
assert.ok(whole.length > 1_000);
kept("every row and reason without scripts");
{
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "churn-frame-"));
  const outer = path.join(folder, "frame.html");
  fs.writeFileSync(outer, `<!doctype html><iframe sandbox src="${pathToFileURL(report).href}" width=1200 height=800></iframe>`);
  const page = await newPage();
  const misdeeds = [];
  page.on("pageerror", (error) => misdeeds.push(error.message));
  await page.goto(pathToFileURL(outer).href, { waitUntil: "load" });
  const frame = page.frames().find((it) => it.url() === pathToFileURL(report).href);
  const rows = await frame.$$eval("table.list > tbody > tr", (rows) => rows.length);
  assert.ok(rows > 1, "the frame shows the list");
  assert.equal((await frame.$$eval("main > section", (all) => all.filter((it) => it.offsetParent !== null))).length, 5);
  assert.deepEqual(misdeeds, []);
  await page.close();
  fs.rmSync(folder, { recursive: true });
  kept("a sandboxed frame");
}

// ---- ids, owners and labels that mean harm ----------------------------------------------------------------------------
if (hostile) {
  const page = await open(hostile);
  assert.equal(await page.evaluate(() => window.harmed), undefined);
  assert.equal(await page.$$eval("main script, main img, main iframe, main object, main a[href^='javascript']", (all) => all.length), 0);
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(inner <= outer, `nothing is wider than the window: ${inner} > ${outer}`);
  const tall = await page.$$eval("table.list > tbody > tr", (rows) => Math.max(...rows.map((row) => row.offsetHeight)));
  assert.ok(tall < 1_500, `no row is taller than the window: ${tall}`);
  await close(page);
  await judge(hostile, { hash: "#list" });
  kept("hostile texts stay texts");
}

await browser.close();
console.log(`${promises} promises kept`);
