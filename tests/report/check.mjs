// check.mjs FILE.html... - the report in a browser: axe-core in light, dark, narrow and print, nothing
// asked for, nothing complained of, the script's tables, and the page without its script.
import fs from 'node:fs';
import { modules, open, show } from './browser.mjs';

const axe = fs.readFileSync(modules.resolve('axe-core/axe.min.js'), 'utf8');
const shots = process.env.SHOTS;
let passed = 0, failed = 0;

function check(what, ok, detail = '') {
	ok ? passed++ : failed++;
	console.log(ok ? `[       OK ] ${what}` : `[  FAILED  ] ${what}\n${detail}`);
}

async function accessible(page, what) {
	await page.evaluate(axe);
	const found = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
	const bad = found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
	const lesser = found.violations.filter((v) => !bad.includes(v)).map((v) => v.id);
	check(`${what}: axe-core has no serious finding${lesser.length ? ' (lesser: ' + lesser.join(', ') + ')' : ''}`,
		bad.length === 0, JSON.stringify(bad.map((v) => [v.id, v.impact, v.nodes.slice(0, 3).map((n) => n.html + ' ' + n.failureSummary)]), null, 1));
}

async function views(browser, file) {
	const name = file.replace(/.*\//, '').replace(/\.html$/, '');
	const all = { light: {}, dark: { scheme: 'dark' }, narrow: { width: 360 }, print: { print: true, width: 794 }, plain: { script: false } };
	for (const [word, options] of Object.entries(all)) {
		const page = await show(browser, file, options);
		check(`${name} ${word}: asks for nothing but itself`, page.asked.length === 1, page.asked.join('\n'));
		if (shots && options.script !== false)
			await page.screenshot({ path: `${shots}/${name}-${word}.png`, fullPage: true });
		check(`${name} ${word}: nothing is wider than the window`,
			await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
		check(`${name} ${word}: the browser has nothing to complain of`, page.said.length === 0, page.said.join('\n'));
		await page.close();
		if (options.script === false)
			continue;
		// axe comes in past the policy, which is what the policy is for.
		const tested = await show(browser, file, { ...options, bypass: true });
		await accessible(tested, `${name} ${word}`);
		await tested.close();
	}
}

// The policy must hold against what the escaping would have let through.
async function policy(browser, file) {
	const page = await show(browser, file);
	const ran = await page.evaluate(async () => {
		const s = document.createElement('script');
		s.textContent = 'window.ran = true';
		document.body.appendChild(s);
		const i = new Image();
		const refused = new Promise((resolve) => { i.onerror = () => resolve(true); i.onload = () => resolve(false); setTimeout(() => resolve(null), 2000); });
		i.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw=';
		return { script: window.ran === true, image: await refused };
	});
	check('the policy refuses other scripts and images', !ran.script && ran.image === true, JSON.stringify(ran));
	await page.close();
}

async function tables(browser, file) {
	const page = await show(browser, file);
	const found = await page.evaluate(() => {
		const table = [...document.querySelectorAll('table.rows')].sort((a, b) => b.tBodies[0].rows.length - a.tBodies[0].rows.length)[0];
		const list = table.closest('.list');
		const rows = () => [...table.tBodies[0].rows];
		const seen = () => rows().filter((r) => r.getClientRects().length);
		const at = [...table.tHead.rows[0].cells].findIndex((c) => c.classList.contains('n'));
		const header = table.tHead.rows[0].cells[at < 0 ? 0 : at];
		const value = (r) => { const c = r.cells[at < 0 ? 0 : at]; return c.hasAttribute('data-v') ? +c.getAttribute('data-v') : c.textContent; };
		const before = seen().length, all = rows().length;
		header.querySelector('button').click();
		const down = rows().map(value), downWord = header.getAttribute('aria-sort');
		header.querySelector('button').click();
		const up = rows().map(value), upWord = header.getAttribute('aria-sort');
		list.querySelector('.more').click();
		const after = seen().length;
		const input = list.querySelector('input');
		const word = rows()[all - 1].cells[0].textContent.trim();
		input.value = word.toUpperCase();
		input.dispatchEvent(new Event('input'));
		return { before, after, all, filtered: seen().length, output: list.querySelector('output').textContent,
			down, up, downWord, upWord };
	});
	const sorted = (v, s) => v.every((x, i) => i === 0 || (s > 0 ? v[i - 1] <= x : v[i - 1] >= x));
	check('a long table begins short and shows all when asked', found.before === 10 && found.after === found.all, JSON.stringify([found.before, found.after, found.all]));
	check('sorting down and up', sorted(found.down, -1) && sorted(found.up, 1) && found.downWord === 'descending' && found.upWord === 'ascending', JSON.stringify(found));
	check('the filter finds rows, and says how many', found.filtered >= 1 && found.filtered < found.all && found.output === `${found.filtered} of ${found.all} rows`, JSON.stringify([found.filtered, found.output]));
	await page.close();
}

async function keyboard(browser, file) {
	const page = await show(browser, file);
	await page.keyboard.press('Tab');
	const first = await page.evaluate(() => document.activeElement.textContent);
	await page.keyboard.press('Enter');
	await page.keyboard.press('Tab');
	const next = await page.evaluate(() => document.activeElement.closest('main') !== null);
	check('the keyboard gets past the navigation', first === 'To the report' && next, `${first}, ${next}`);
	await page.close();
}

const browser = await open();
const files = process.argv.slice(2);
for (const file of files)
	await views(browser, file);
await policy(browser, files[0]);
await tables(browser, files[0]);
await keyboard(browser, files[0]);
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
