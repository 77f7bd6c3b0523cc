import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const MAX_CODE_COLUMNS = 100;
const MAX_PROSE_COLUMNS = 120;

const CODE = /\.(c|conf|css|js|lua|mjs|py|sh|toml|ts|ya?ml)$|(^|\/)Dockerfile$|^\.ci\/[a-z]+$/;
const PROSE = /\.md$/;

/**
 * A line that is mostly one word, such as a URL, a digest or a command in backticks, may be wide.
 */
const MAX_WORD_SHARE = 0.6;

/**
 * Finds lines that are too wide: more than 100 columns of code, or 120 of prose. Tables and code in
 * prose may be wider, and so may a line that is mostly one word.
 * @returns a line of text for each of them
 */
export function wideLines(): string[] {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  return files
    .split('\n')
    .filter((file) => existsSync(file))
    .flatMap((file) => {
      if (CODE.test(file)) return wideLinesOf(file, MAX_CODE_COLUMNS);
      return PROSE.test(file) ? wideLinesOf(file, MAX_PROSE_COLUMNS) : [];
    });
}

function wideLinesOf(file: string, maxColumns: number): string[] {
  let isFenced = false;
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, i) => {
      if (PROSE.test(file) && line.trimStart().startsWith('```')) isFenced = !isFenced;
      if (isFenced || (PROSE.test(file) && line.startsWith('|'))) return [];
      const columns = [...line].length;
      const words = line.match(/`[^`]*`|\S+/g) ?? [];
      const longestWord = Math.max(0, ...words.map((word) => word.length));
      if (columns <= maxColumns || longestWord > MAX_WORD_SHARE * maxColumns) return [];
      return [`${file}:${i + 1} has ${columns} columns of at most ${maxColumns}`];
    });
}
