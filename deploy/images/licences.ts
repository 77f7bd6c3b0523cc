/**
 * Prints the licence texts of the packages in an image's bundle, as they demand of whoever ships
 * them: of all that are no development dependencies. It runs where `npm ci` has run. A library for
 * this would install a hundred packages.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folders = execFileSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], {
  encoding: 'utf8',
})
  .trim()
  .split('\n');
for (const folder of folders.slice(1)) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  console.log(`${'='.repeat(100)}\n${name} ${version}, licence ${license}\n`);
  for (const file of texts) console.log(readFileSync(join(folder, file), 'utf8').trim(), '\n');
  if (texts.length === 0) console.log('(The package comes without a text.)\n');
}
