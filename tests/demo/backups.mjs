/**
 * The backups section: made, damaged and refused, verified, drilled, one entry and then everything restored, locked,
 * pruned, and all of it in the audit log. Expects the reader's own texts to be there.
 */

import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupsPage } from './backups-page.mjs';

/**
 * @param {import('playwright-core').Page} tab
 * @param {import('./steps.mjs').Steps} steps
 * @param {{ work: string, picture: (name: string) => Promise<unknown> }} tools
 */
export async function backupSteps(tab, steps, { work, picture }) {
  const page = new BackupsPage(tab);
  const saved = join(work, 'saved.lode');
  /** Ids of backups. */
  let full, differential, locked;
  /** The reader's texts when the full backup was made. */
  let texts;

  await steps.step('a backup is kept, and written to the file that the reader chose', async () => {
    await page.show('mine');
    texts = await page.ownTexts();
    assert.ok(texts.length >= 3);
    // Nobody is there to answer the browser's own question; a handle is a handle.
    await tab.evaluate(() => {
      window.showSaveFilePicker = async ({ suggestedName }) => {
        window.suggested = suggestedName;
        return (await navigator.storage.getDirectory()).getFileHandle('chosen.lode', { create: true });
      };
    });
    await page.open();
    full = await page.backUp({ save: true });
    assert.match(await tab.evaluate(() => window.suggested), /^dictionary-[\d-]+-full\.lode$/);
    const [chosen, kept] = await tab.evaluate(async (name) => {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle('dictionary-backups');
      const size = async (from, file) => (await (await from.getFileHandle(file)).getFile()).size;
      return [await size(root, 'chosen.lode'), await size(folder, name)];
    }, `${full}.lode`);
    assert.ok(kept > 1_000_000);
    assert.equal(chosen, kept);
    assert.match(await page.item(full).innerText(), /Full backup.*14,003 rows/s);
  });

  await steps.step('where there is no such question the backup is downloaded', async () => {
    await tab.evaluate(() => (window.showSaveFilePicker = undefined));
    const download = tab.waitForEvent('download');
    differential = await page.backUp({ type: 'differential', save: true });
    assert.match((await download).suggestedFilename(), /^dictionary-[\d-]+-differential\.lode$/);
    const again = tab.waitForEvent('download');
    await page.act(full, 'save');
    await (await again).saveAs(saved);
    assert.ok((await stat(saved)).size > (await stat(await (await download).path())).size);
  });

  await steps.step('each level verifies, and says how long it took', async () => {
    for (const level of [1, 2, 3, 4]) {
      const said = await page.verify(full, level);
      assert.match(said, /It verifies/);
      assert.match(said, new RegExp(`Level ${level}\\s+[\\d.,]+ m?s`));
    }
    assert.match(await page.outcomeOf(full), /Restored\s+14,003 rows\s+recall 1\.000/);
    await picture('backups-verified');
  });

  await steps.step('a damaged byte of the kept backup is refused by all that reads it', async () => {
    await page.turnByte(full);
    for (const level of [2, 3, 4]) assert.match(await page.verify(full, level), /^Corrupt /);
    await page.act(full, 'drill');
    assert.match(await page.outcomeOf(full), /^Corrupt /);
    await page.plan(full);
    assert.match(await page.stage(), /Corrupt /);
    await picture('backups-damaged');
    await tab.click('#restore button:text("Close")');
    // What goes on from it does not restore, either.
    assert.match(await page.verify(differential, 4), /^Corrupt /);
    await page.turnByte(full);
    assert.match(await page.verify(full, 2), /It verifies/);
    await page.show('mine');
    assert.deepEqual(await page.ownTexts(), texts);
  });

  await steps.step('a drill restores it aside and finds no difference', async () => {
    await page.open();
    await page.act(full, 'drill');
    const said = await page.outcomeOf(full);
    assert.match(said, /It restores, and answers as it should/);
    assert.match(said, /Recall\s+(1\.000|0\.9[5-9]\d)/);
    assert.match(said, /Differences\s+0\s/);
    await picture('backups-drilled');
    await tab.click('#drill-any');
    await tab.waitForSelector('#backups .wide [data-report="drill"]');
    await page.quiet();
  });

  await steps.step('one entry is shown as it was before it is put back', async () => {
    const before = await page.seq();
    await page.show('mine');
    const [first] = await tab.$$eval('#own-texts .text', (all) => all.map((one) => one.textContent));
    await tab.click('#own-texts li:first-child button:text("Edit")');
    await tab.fill('#own-texts .edit input', 'Something else altogether');
    await tab.keyboard.press('Enter');
    await tab.waitForSelector('#own-texts .text:text("Something else altogether")');
    await page.open();
    await tab.fill('#entry-what', 'something ELSE');
    await tab.fill('#entry-seq', String(before));
    await tab.click('#entry-look');
    await tab.waitForSelector('.change[data-change="changed"]');
    const sides = await tab.$$eval('.change .side', (all) => all.map((one) => one.innerText));
    assert.equal(sides.length, 2);
    assert.ok(sides[0].includes(first) && sides[1].includes('Something else altogether'), sides.join('\n'));
    await picture('backups-entry');
    await page.show('mine');
    assert.notDeepEqual(await page.ownTexts(), texts, 'looking must not write');
    await page.open();
    await tab.click('#entry-look');
    await tab.click('.change button');
    await page.noticed('It is as it was');
    await page.show('mine');
    assert.deepEqual(await page.ownTexts(), texts);
  });

  await steps.step('a moment that is not kept says so', async () => {
    await page.open();
    await tab.fill('#entry-seq', '999999');
    await tab.click('#entry-look');
    await tab.waitForSelector('#entry-changes .wrong');
    assert.match(await tab.innerText('#entry-changes .wrong'), /^Invalid /);
  });

  await steps.step('a restore can be looked at and given up, and then everything is as it was', async () => {
    await page.show('mine');
    await tab.click('#own-texts li:first-child button:text("Remove")');
    await tab.waitForFunction(
      (n) => document.querySelectorAll('#own-texts li').length === n,
      texts.length - 1,
    );
    await page.open();
    await page.plan(full);
    const plan = await tab.innerText('#plan-table');
    for (const wanted of [/Archive 1\s+Full/, /Rows\s+14,003/, /Content\s+about/, /Index\s/])
      assert.match(plan, wanted);
    const found = await page.stage();
    assert.match(found, /Content\s+done in/);
    assert.match(found, /Index\s+done in/);
    assert.match(found, /Rows\s+14,003/);
    assert.match(found, /Questions\s+(\d+) of \1\s/);
    await tab.click('#what-changes');
    await tab.waitForSelector('#changes');
    assert.match(await tab.innerText('#changes'), /mine\s+0 changed back, 1 come back, 0 go/);
    await picture('backups-restore');
    await tab.click('#give-up');
    await tab.waitForSelector('#validation', { state: 'detached' });
    await page.show('mine');
    assert.equal((await page.ownTexts()).length, texts.length - 1);
  });

  await steps.step('a chain of backups is restored, and the page goes on with it', async () => {
    await page.open();
    await page.plan(differential);
    assert.match(await tab.innerText('#plan-table'), /Archive 1\s+Full.*Archive 2\s+Differential/s);
    await page.stage();
    await page.commit();
    await page.noticed('Restored');
    await page.show('mine');
    assert.deepEqual(await page.ownTexts(), texts);
    const [answer] = await page.ask(texts[0]);
    assert.equal(answer, texts[0]);
  });

  await steps.step('the database goes back to a write of its history', async () => {
    const before = await page.seq();
    await page.add(['A line that nobody will miss', 'Nor this one']);
    await page.open();
    await tab.click('#go-back');
    await tab.fill('#restore-seq', String(before));
    await tab.click('#plan');
    await page.stage();
    await page.commit();
    await page.show('mine');
    assert.deepEqual(await page.ownTexts(), texts);
  });

  await steps.step('what is locked opens with its passphrase only', async () => {
    await page.open();
    locked = await page.backUp({ passphrase: 'a boat for one' });
    assert.match(await page.item(locked).innerText(), /locked/);
    await tab.reload();
    await page.ready();
    await page.open();
    await page.act(locked, 'verify');
    await tab.fill('dialog input', 'a boat for two');
    await tab.keyboard.press('Enter');
    assert.match(await page.outcomeOf(locked), /^Mismatch /);
    await page.act(locked, 'verify');
    await tab.fill('dialog input', 'a boat for one');
    await tab.keyboard.press('Enter');
    assert.match(await page.outcomeOf(locked), /It verifies/);
    await page.act(locked, 'drill');
    assert.match(await page.outcomeOf(locked), /answers as it should/);
  });

  await steps.step('the keyboard is enough in the backups section', async () => {
    await page
      .item(full)
      .locator('details')
      .evaluate((details) => (details.open = false));
    await page.item(full).locator('summary').focus();
    await tab.keyboard.press('Enter');
    await tab.keyboard.press('Tab');
    await tab.keyboard.press('2');
    await tab.keyboard.press('Tab');
    await tab.keyboard.press('Enter');
    assert.match(await page.outcomeOf(full), /Level 2/);
  });

  await steps.step('a dry run removes nothing, and pruning what it said', async () => {
    await page.backUp();
    await page.backUp();
    const before = await page.archives();
    for (const [name, value] of Object.entries({ last: 2, daily: 0, weekly: 0, monthly: 0 })) {
      await tab.fill(`#retain-archives-${name}`, String(value));
    }
    await tab.click('#dry-run');
    await tab.waitForSelector('#apply-policy');
    const going = await tab.locator('#retention [data-keep="false"]', { hasText: 'backup' }).count();
    assert.ok(going >= 1 && going <= before.length - 2, `${going} of ${before.length} would go`);
    await picture('backups-retention');
    assert.deepEqual(await page.archives(), before);
    await tab.click('#apply-policy');
    await page.agree('Prune');
    await page.noticed('Pruned');
    await page.quiet();
    assert.equal((await page.archives()).length, before.length - going);
    assert.match(await tab.innerText('#retention-stored'), /Stored: backups last 2/);
    assert.equal((await page.archives()).includes(locked), false);
  });

  await steps.step('a file that was saved is added again', async () => {
    assert.equal((await page.archives()).includes(full), false);
    await tab.setInputFiles('#add-backup', saved);
    await page.item(full).waitFor();
    await page.quiet();
    assert.match(await page.verify(full, 3), /It verifies/);
  });

  await steps.step('the audit log tells of all of it', async () => {
    await page.open();
    await tab.locator('#audit-all').click();
    await tab.waitForFunction(() => document.querySelectorAll('#audit tbody tr').length > 12);
    const entries = await tab.$$eval('#audit tbody tr', (all) =>
      all.map(({ dataset }) => `${dataset.kind} ${dataset.ok}`),
    );
    for (const wanted of [
      'backup true',
      'verify true',
      'verify false',
      'drill true',
      'drill false',
      'restore true',
      'retention true',
      'forget true',
    ]) {
      assert.ok(entries.includes(wanted), `${wanted} is not among ${entries.join(', ')}`);
    }
    await picture('backups-audit');
  });

  await steps.step('a backup outlives its database, and brings it back', async () => {
    await page.show('storage');
    await tab.click('#delete');
    await page.agree('Delete');
    await page.noticed('Everything is deleted');
    await page.open();
    assert.match(await page.item(full).innerText(), /of a database that was here before/);
    await page.plan(full);
    assert.match(await page.stage(), /Rows\s+14,003/);
    await page.commit();
    await page.show('mine');
    assert.deepEqual(await page.ownTexts(), texts);
    const [answer] = await page.ask(texts[0]);
    assert.equal(answer, texts[0]);
  });
}

/** @param {import('playwright-core').Page} tab */
export async function emptyBackups(tab) {
  const page = new BackupsPage(tab);
  await page.open();
  await tab.click('#dry-run');
  await tab.waitForSelector('#apply-policy');
  await page.quiet();
  assert.deepEqual(await page.archives(), []);
  assert.equal(await tab.locator('#backups .wrong').count(), 0);
  assert.equal(await tab.locator('#make input[value="incremental"]').isDisabled(), true);
  await tab.click('#drill-any');
  await tab.waitForSelector('#backups .wide .wrong');
}
