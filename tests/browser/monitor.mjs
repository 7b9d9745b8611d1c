// Opens pages of a monitoring in a real browser and holds them to what they promise. Usage: node monitor.mjs MONITOR.html …
// CHURN_BROWSER names the browser. Prints a line a page; fails on the first promise that is not kept.
import assert from "node:assert/strict";
import path from "node:path";
import { browser, close, judge, open } from "./browser.mjs";

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
  await close(page);

  const still = await open(file, (page) => page.setJavaScriptEnabled(false));
  assert.equal(await sections(still), all);
  await close(still);

  for (const scheme of ["light", "dark"]) {
    await judge(file, { scheme });
  }
  console.log(`kept: ${all} sections of ${path.basename(path.dirname(file))}`);
}

await browser.close();
