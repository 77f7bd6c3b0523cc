import {
  cutLine,
  printable,
  progressBar,
  progressLine,
  rehearsalLine,
  summaryLine,
} from './import.progress.ts';

const half = {
  added: 9000,
  known: 2000,
  refused: 345,
  cut: 0,
  bytes: 500,
  size: 1000,
  seconds: 75,
};

it('shows share, rows, rate and time left', () => {
  expect(progressLine(half)).toBe('50 %  11,345 rows  151/s  1:15 left');
  expect(progressBar(half)).toBe('[############------------] 50 %  11,345 rows  151/s  1:15 left');
});

it('shows no share of what nobody knows the length of', () => {
  expect(progressLine({ ...half, size: undefined })).toBe('11,345 rows  151/s');
  expect(progressBar({ ...half, size: undefined })).toBe('11,345 rows  151/s');
});

it('knows no time left before anything is read', () => {
  expect(progressLine({ ...half, bytes: 0 })).toContain('? left');
});

it('stays at 100 % when a file grows meanwhile', () => {
  expect(progressBar({ ...half, bytes: 1200 })).toContain(`[${'#'.repeat(24)}] 100 %`);
});

it.each([
  ['\x1b[2J\x07', '\\u001b[2J\\u0007'],
  ['a\r\nb\tc', 'a\\u000d\\u000ab\\u0009c'],
  ['\x9b31m\x7f', '\\u009b31m\\u007f'],
  ['\u202egnp.exe\u2028', '\\u202egnp.exe\\u2028'],
  ['half \ud800', 'half \\ud800'],
  ['Écraseur 🐋', 'Écraseur 🐋'],
])('shows %j without what a terminal would obey', (message, shown) => {
  expect(printable(message)).toBe(shown);
});

it('sums up what would be imported', () => {
  expect(rehearsalLine(half)).toBe('9,000 would be imported, 345 refused; nothing was written');
});

it('sums up', () => {
  expect(summaryLine(half)).toBe('9,000 added, 2,000 already there, 345 refused in 75.0 s (151/s)');
});

it('says of how many rows tags were left out', () => {
  expect(cutLine(half)).toBeUndefined();
  expect(cutLine({ ...half, cut: 1234 })).toBe(
    '1,234 with tags left out: a quote has at most 10, of at most 32 characters',
  );
});
