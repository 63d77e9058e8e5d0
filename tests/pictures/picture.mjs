// picture.mjs FILE.html PICTURE.png - the first screen of a report, in the size of a README.
import { open, show } from '../report/browser.mjs';

const [file, out] = process.argv.slice(2);
const browser = await open();
const page = await show(browser, file, { width: 1180, height: 1440, scale: 0.75 });
await page.screenshot({ path: out });
await browser.close();
