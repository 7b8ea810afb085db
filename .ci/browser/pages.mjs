// What people do on the pages, and what axe-core says of each. On standard input where things are.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import https from "node:https";
import puppeteer from "puppeteer-core";

const given = JSON.parse(fs.readFileSync(0, "utf8"));
const axe = fs.readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const PAGE_BYTES_MAX = 100_000;
let heaviest = 0;
let looked = 0;
const failed = [];

const browser = await puppeteer.launch({
  executablePath: given.chromium,
  args: ["--no-sandbox", "--disable-gpu", "--ignore-certificate-errors"],
});

/** A tab of its own cookies; nothing may be asked of another host. */
async function tab({ scripts = true, width = 1000, dark = false } = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setViewport({ width, height: 900 });
  await page.setJavaScriptEnabled(scripts);
  if (dark) await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  page.weight = 0;
  page.on("request", (request) => {
    const url = new URL(request.url());
    // The browser's own icons of a date field are in its own style sheet.
    if (url.protocol !== "data:" && url.origin !== given.people) failed.push(`a request to ${url.href.slice(0, 100)}`);
  });
  page.on("response", async (response) => {
    const body = await response.buffer().catch(() => Buffer.alloc(0));
    page.weight += body.length;
  });
  return page;
}

/** Goes somewhere by an act, and weighs all that came. */
async function goes(page, act) {
  page.weight = 0;
  await Promise.all([page.waitForNavigation({ waitUntil: "networkidle0" }), act()]);
  heaviest = Math.max(heaviest, page.weight);
  assert.ok(page.weight > 0 && page.weight < PAGE_BYTES_MAX, `${page.weight} bytes`);
}
const open = (page, url) => goes(page, () => page.goto(url));
const text = (page) => page.$eval("body", (body) => body.innerText);
const has = async (page, words) => assert.ok((await text(page)).includes(words), `not there: ${words}`);
const unfold = (page) => page.$$eval("details", (all) => all.forEach((one) => (one.open = true)));

async function picture(page, name) {
  await page.screenshot({ path: `${given.screenshots}/${name}.png`, fullPage: true });
}

/** What axe-core finds: folded and unfolded, in daylight and in the dark. */
async function sound(page, name) {
  const found = [];
  const run = async (how) => {
    const result = await page.evaluate(`${axe}; axe.run(document, {
      runOnly: { type: "tag", values: ${JSON.stringify(TAGS)} }, resultTypes: ["violations", "incomplete"] })`);
    for (const one of result.violations) {
      const where = one.nodes.map((node) => node.target.join(" ")).join(", ");
      found.push(`${name} (${how}): ${one.id}: ${one.help}: ${where}`);
    }
    looked += 1;
  };
  await run("folded");
  await unfold(page);
  await run("unfolded");
  const dark = [{ name: "prefers-color-scheme", value: "dark" }];
  await page.emulateMediaFeatures(dark);
  await run("dark");
  await page.emulateMediaFeatures([]);
  for (const width of [320, 360]) {
    await page.setViewport({ width, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > width) found.push(`${name}: ${wide} px wide on a screen of ${width}`);
  }
  await page.setViewport({ width: 1000, height: 900 });
  const headings = await page.$$eval("h1", (all) => all.length);
  if (headings !== 1) found.push(`${name}: ${headings} headings of the first level`);
  failed.push(...found);
}

async function step(words, act) {
  try {
    await act();
    console.log(`browser: ${words}`);
  } catch (error) {
    failed.push(`${words}: ${error.message}`);
  }
}

async function givePin(page, link, pin) {
  await open(page, link);
  await page.type("#pin", pin);
  await goes(page, () => page.click("button"));
}

/** Tab, until this is what has the focus. */
async function tabTo(page, selector) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const there = await page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
    if (there) {
      const outline = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement);
        return style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2;
      });
      assert.ok(outline, `the focus is not seen on ${selector}`);
      return;
    }
  }
  assert.fail(`Tab does not come to ${selector}`);
}

/** A file, as a browser saves it: no page may fetch one itself. */
async function downloaded(url, cookie) {
  const answer = await new Promise((heard, no) => {
    https.get(url, { headers: { cookie }, rejectUnauthorized: false }, heard).on("error", no);
  });
  assert.equal(answer.statusCode, 200);
  let file = "";
  for await (const part of answer.setEncoding("utf8")) file += part;
  return file;
}

/** RFC 6238, as an authenticator does it. */
function oneTime(secret) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((c) => letters.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = crypto.createHmac("sha1", key).update(step).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

// Who gives the right PIN has not forgotten it: this comes first.
await step("a forgotten PIN", async () => {
  const page = await tab();
  await open(page, given.forgotten);
  await sound(page, "another PIN");
  await picture(page, "another-pin");
  for (const field of await page.$$("input:not([type=hidden])")) await field.type("31415926");
  await goes(page, () => page.click("button"));
  await has(page, "That is not the code.");
  await sound(page, "another PIN, with a mistake");
  await picture(page, "another-pin-wrong");
});

await step("two clicks, without JavaScript", async () => {
  const page = await tab({ scripts: false });
  await givePin(page, given.links.clicks, given.pins.pantry);
  await has(page, "Maria Lindqvist-Okafor 1");
  await goes(page, () => page.click("form[action$='/accept'] button"));
  await has(page, "taken on");
  await goes(page, () => page.click("form[action$='/served'] button"));
  await has(page, "closed as served");
});

await step("by keyboard alone, with a mistake on the way", async () => {
  const page = await tab();
  await open(page, given.links.keyboard);
  await tabTo(page, "#pin");
  await page.keyboard.type(given.pins.pantry);
  await goes(page, () => page.keyboard.press("Enter"));
  await tabTo(page, "details:has(form[action$='/decline']) summary");
  await page.keyboard.press("Enter");
  await tabTo(page, "#decline-reason");
  await page.keyboard.press("ArrowUp"); // the last of the list: another reason
  await tabTo(page, "form[action$='/decline'] button");
  await goes(page, () => page.keyboard.press("Enter"));
  await has(page, "Please say why in a few words.");
  assert.match(await page.title(), /^Error: /);
  await sound(page, "mistake");
  await page.reload({ waitUntil: "networkidle0" }).catch(() => {});
  await open(page, given.links.keyboard);
  await tabTo(page, "form[action$='/accept'] button");
  await goes(page, () => page.keyboard.press("Enter"));
  await tabTo(page, "form[action$='/served'] button");
  await goes(page, () => page.keyboard.press("Enter"));
  await has(page, "closed as served");
});

await step("on a screen of 360 px, of somebody who must not be contacted", async () => {
  const page = await tab({ width: 360 });
  await open(page, given.links.narrow);
  await picture(page, "pin-360");
  await has(page, "Do not contact the person.");
  await page.type("#pin", given.pins.pantry);
  await goes(page, () => page.click("button"));
  await picture(page, "whole-360");
  await unfold(page);
  await picture(page, "whole-360-unfolded");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 360, `${wide} px`);
  assert.equal(await page.$("a[href^='tel:'], a[href^='mailto:']"), null);
});

await step("in Spanish, and by the switch in English", async () => {
  const page = await tab();
  await givePin(page, given.links.spanish, given.pins.despensa);
  assert.equal(await page.$eval("html", (html) => html.lang), "es");
  await has(page, "Sí, la aceptamos");
  await picture(page, "whole-es");
  await sound(page, "whole in Spanish");
  await goes(page, () => page.click(".switch a"));
  assert.equal(await page.$eval("html", (html) => html.lang), "en");
  await goes(page, () => page.click(".switch a"));
  await has(page, "Sí, la aceptamos");
  await goes(page, () => page.click("form[action$='/accept'] button"));
  await has(page, "aceptada");
  await page.click("details:has(form[action$='/comment']) summary");
  await page.type("#comment-text", "¿Puede venir su hijo?");
  await goes(page, () => page.click("form[action$='/comment'] button"));
  await has(page, "¿Puede venir su hijo?");
  await picture(page, "written-es");
  await sound(page, "written in Spanish");
  await open(page, `${given.links.spanish}/sheet`);
  await picture(page, "sheet-es");
  await sound(page, "sheet in Spanish");
  await open(page, given.links.spanish);
  await goes(page, () => page.click("form[action$='/served'] button"));
  await has(page, "cerrada como atendida");
  await sound(page, "closed in Spanish");
});

await step("an organization's own page: the list, the file, and the file back", async () => {
  const page = await tab();
  await open(page, given.offices.pantry);
  await sound(page, "own page, PIN");
  await page.type("#pin", given.pins.pantry);
  await goes(page, () => page.click("button"));
  await has(page, "Do not contact the person.");
  await picture(page, "office");
  await sound(page, "own page");
  const cookie = (await page.browserContext().cookies()).map((one) => `${one.name}=${one.value}`).join("; ");
  const csv = await downloaded(await page.$eval("a[href$='/referrals.csv']", (link) => link.href), cookie);
  const rows = csv.trimEnd().split("\r\n");
  assert.ok(rows.length > 1, csv.slice(0, 100));
  // The first referral is taken on, and the next row is no referral.
  const file = `${given.screenshots}/referrals.csv`;
  fs.writeFileSync(file, `${rows[0]}\r\n${rows[1].replace(",new,", ",accepted,")}\r\nnot-one\r\n`);
  const chosen = await page.$("#file");
  await chosen.uploadFile(file);
  await goes(page, () => page.click("form[action$='/upload'] button"));
  await picture(page, "office-report");
  await sound(page, "report of a file");
  await has(page, "Taken: 1. Already so: 0. To put right: 1.");
  const spanish = await tab({ width: 360 });
  await open(spanish, given.offices.despensa);
  assert.equal(await spanish.$eval("html", (html) => html.lang), "es");
  await spanish.type("#pin", given.pins.despensa);
  await goes(spanish, () => spanish.click("button"));
  await picture(spanish, "office-es");
  await sound(spanish, "own page in Spanish");
});

let code;
await step("every page, looked at by axe-core", async () => {
  const page = await tab();
  const link = given.links.sheet;
  await open(page, `${given.people}/`);
  await sound(page, "front door");
  await open(page, `${given.people}/r/none`);
  await sound(page, "nowhere");
  await picture(page, "nowhere");
  await open(page, link);
  await sound(page, "PIN");
  await picture(page, "pin");
  await page.type("#pin", "00000000");
  await goes(page, () => page.click("button"));
  await sound(page, "wrong PIN");
  await picture(page, "wrong-pin");
  await page.type("#pin", given.pins.pantry);
  await goes(page, () => page.click("button"));
  await picture(page, "whole");
  await sound(page, "waiting");
  await open(page, `${link}/sheet`);
  await sound(page, "sheet");
  await picture(page, "sheet");
  await page.emulateMediaType("print");
  await picture(page, "sheet-print");
  await page.emulateMediaType(null);
  code = await page.$eval(".code strong", (strong) => strong.innerText);
  for (const format of ["letter", "a4"]) {
    const pdf = Buffer.from(await page.pdf({ format }));
    fs.writeFileSync(`${given.screenshots}/sheet-${format}.pdf`, pdf);
    const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/g).length;
    assert.equal(pages, 1, `the sheet takes ${pages} pages of ${format}`);
  }
  // What a browser's buttons never do.
  await page.setRequestInterception(true);
  const wrong = (request) => request.continue(request.isNavigationRequest() ? { method: "DELETE" } : {});
  page.on("request", wrong);
  await open(page, link);
  await has(page, "answered by its buttons");
  page.off("request", wrong);
  await page.setRequestInterception(false);
  await sound(page, "sorry");
});

await step("the phone desk enters the code of a sheet, and the answer", async () => {
  const page = await tab();
  await open(page, `${given.people}/staff`);
  await sound(page, "sign in");
  await page.type("#name", given.staff.name);
  await page.type("#password", given.staff.password);
  await page.type("#code", oneTime(given.staff.secret));
  await goes(page, () => page.click("button"));
  await sound(page, "desk");
  await open(page, `${given.people}/staff/sheet`);
  await sound(page, "code");
  await picture(page, "code");
  await page.type("#code", "000");
  await goes(page, () => page.click("button"));
  await sound(page, "wrong code");
  await picture(page, "wrong-code");
  await page.type("#code", code.toLowerCase());
  await goes(page, () => page.click("button"));
  await has(page, "On the phone with");
  await sound(page, "referral at the desk");
  await picture(page, "phone-desk");
  await goes(page, () => page.click("form[action$='/accept'] button"));
  await sound(page, "taken on");
  await unfold(page);
  await picture(page, "taken-on-unfolded");
  await open(page, page.url());
  const book = "details:has(form[action$='/appointment'])";
  await page.click(`${book} summary`);
  await page.type("#appointment-date", "11272030");
  await page.type("#appointment-time", "0400PM");
  await goes(page, () => page.click(`${book} button`));
  await has(page, "Appointment");
  await picture(page, "appointment");
  await sound(page, "appointment");
  await goes(page, () => page.click("form[action$='/served'] button"));
  await has(page, "closed as served");
  await sound(page, "closed");
  await picture(page, "closed");
  await goes(page, () => page.click("form[action$='/take-back'] button"));
  await has(page, "waiting for your answer");
});

await browser.close();
for (const one of failed) console.log(`browser: ${one}`);
console.log(`browser: ${looked} looks by axe-core, the heaviest page ${heaviest} bytes, ${failed.length} failed`);
process.exit(failed.length === 0 ? 0 : 1);
