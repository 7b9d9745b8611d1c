// Opens the reports of one run in several languages in a real browser. Usage: node languages.mjs TAG=REPORT.html …
// CHURN_BROWSER names the browser. Prints a line a language; fails on the first promise that is not kept.
import assert from "node:assert/strict";
import path from "node:path";
import { browser, close, judge, open } from "./browser.mjs";

const reports = process.argv.slice(2).map((given) => {
  const end = given.indexOf("=");
  return [given.slice(0, end), path.resolve(given.slice(end + 1))];
});

for (const [tag, file] of reports) {
  const page = await open(file);
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
  await close(page);

  for (const hash of ["#list", "#drivers", "#measures", "#model", "#data"]) {
    await judge(file, { hash });
  }
  console.log(`kept: ${tag}, ${path.basename(path.dirname(path.dirname(file)))}: ${some}`);
}

await browser.close();
