// browser.mjs - Debian's chromium, without network, for checks and pictures.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import path from 'node:path';

export const modules = createRequire(path.join(path.resolve(process.env.MODULES), 'x.js'));
const puppeteer = modules('puppeteer-core');

export async function open() {
	return (puppeteer.default ?? puppeteer).launch({
		executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--disable-dev-shm-usage'],
	});
}

// A page of a file; what it asks for, and what it complains of, is kept.
export async function show(browser, file, { scheme = 'light', width = 1280, height = 900, scale = 1, script = true, print = false, bypass = false } = {}) {
	const page = await browser.newPage();
	page.asked = [];
	page.said = [];
	page.on('request', (r) => page.asked.push(r.url()));
	page.on('console', (m) => page.said.push(m.text()));
	page.on('pageerror', (e) => page.said.push(String(e)));
	page.on('dialog', (d) => { page.said.push('dialog: ' + d.message()); d.dismiss(); });
	await page.setBypassCSP(bypass);
	await page.setJavaScriptEnabled(script);
	await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
	if (print)
		await page.emulateMediaType('print');
	await page.setViewport({ width, height, deviceScaleFactor: scale });
	await page.goto(pathToFileURL(path.resolve(file)).href);
	return page;
}
