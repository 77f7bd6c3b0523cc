import { MAX_ROW_BYTES, readLines } from './line.reader.ts';
import type { Row } from './row.model.ts';
import { type Format, formatOf, readRows } from './row.reader.ts';

async function* whole(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

async function rows(format: Format, text: string): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of readRows(format, readLines(whole(text)))) all.push(row);
  return all;
}

it.each([
  ['a.csv', 'csv'],
  ['A.CSV', 'csv'],
  ['a.jsonl', 'json-lines'],
  ['a.ndjson', 'json-lines'],
  ['a.json', 'json-lines'],
  ['literature', 'fortune'],
  ['amistad.fortunes', 'fortune'],
])('takes %s for %s', (path, format) => {
  expect(formatOf(path)).toBe(format);
});

describe('CSV', () => {
  it.each([
    ['bare and quoted fields', 'a,b\n1,"2"\n', [{ a: '1', b: '2' }]],
    [
      'quotes and separators in quotes',
      'a,b\n"say ""hi"", you",""""\n',
      [{ a: 'say "hi", you', b: '"' }],
    ],
    ['a line end in quotes', 'a,b\n"one\n\ntwo",3\n', [{ a: 'one\n\ntwo', b: '3' }]],
    ['CRLF', 'a,b\r\n"1",2\r\n', [{ a: '1', b: '2' }]],
    ['no line end at the end', 'a\n1', [{ a: '1' }]],
    ['an empty field as an absent one', 'a,b\n1,\n,""\n', [{ a: '1' }, {}]],
    ['blank lines', '\na\n\n1\n\n', [{ a: '1' }]],
    ['columns in any order, named with blanks around', ' b , a \n1,2\n', [{ b: '1', a: '2' }]],
  ])('reads %s', async (_name, text, values) => {
    expect((await rows('csv', text)).map((row) => 'value' in row && row.value)).toEqual(values);
  });

  it('tells the line on which each row starts', async () => {
    expect((await rows('csv', 'a\n1\n"2\n2"\n\n3\n')).map(({ line }) => line)).toEqual([2, 3, 6]);
  });

  it('refuses what is not well-formed, and reads on after it', async () => {
    expect(await rows('csv', 'a,b\n1,x"y\n2,b\n"3"c,b\n4\n"5\n6" 7,b\n8,b\n')).toEqual([
      { line: 2, reason: 'has a quote out of place' },
      { line: 3, value: { a: '2', b: 'b' } },
      { line: 4, reason: 'has a quote out of place' },
      { line: 5, reason: 'has 1 fields where the header has 2' },
      { line: 6, reason: 'has a quote out of place (lines up to 7 skipped)' },
      { line: 8, value: { a: '8', b: 'b' } },
    ]);
  });

  it('gives up a quoted field that is not closed', async () => {
    expect(await rows('csv', 'a\n"1\n2\n')).toEqual([
      { line: 2, reason: 'has a quoted field that is not closed before the end of the file' },
    ]);
    expect(await rows('csv', `a\n"${'x\n'.repeat(MAX_ROW_BYTES / 2 + 1)}y\n`)).toEqual([
      { line: 2, reason: `is longer than 64 KiB (lines up to ${MAX_ROW_BYTES / 2 + 2} skipped)` },
      { line: MAX_ROW_BYTES / 2 + 3, value: { a: 'y' } },
    ]);
  });
});

describe('JSON Lines', () => {
  it('reads a value a line, and refuses what is none', async () => {
    expect(
      await rows('json-lines', `{"a":1}\r\n\n[2]\n{"a":}\n"${'x'.repeat(MAX_ROW_BYTES)}"\n3`),
    ).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 3, value: [2] },
      { line: 4, reason: 'is not valid JSON' },
      { line: 5, reason: 'is longer than 64 KiB' },
      { line: 6, value: 3 },
    ]);
  });
});

describe('fortune file', () => {
  const quotes = async (text: string) =>
    (await rows('fortune', text)).map((row) => ('value' in row ? [row.line, row.value] : row));

  it('is split at lines that hold only %', async () => {
    expect(await quotes('one\n  1\n%\ntwo\n% \nthree %\n%3\n%\r\nfour')).toEqual([
      [1, { quote: 'one\n  1' }],
      [4, { quote: 'two' }],
      [6, { quote: 'three %\n%3' }],
      [9, { quote: 'four' }],
    ]);
  });

  it('may begin and end with %; what is blank in between is a row', async () => {
    expect(await quotes('%\none\n%\n \n%\n%\n\n')).toEqual([
      [2, { quote: 'one' }],
      [4, { quote: ' ' }],
      [6, { quote: '' }],
    ]);
  });

  it('refuses an entry that is too long, however many lines it has', async () => {
    expect(await quotes(`one\n%\n${'x\n'.repeat(MAX_ROW_BYTES)}%\ntwo\n%\n`)).toEqual([
      [1, { quote: 'one' }],
      { line: 3, reason: 'is longer than 64 KiB' },
      [MAX_ROW_BYTES + 4, { quote: 'two' }],
    ]);
  });

  it.each([
    ['underlined', '_\bn_\bo n\b_o\b_', 'no no'],
    ['underlined afterwards', 'not\b\b\b___', 'not'],
    ['bold', 'n\bno\bo\bo', 'no'],
    ['corrected', 'cat\b\bow\bw', 'cow'],
    [
      'accented before the letter',
      'na"\bive, caf\'\be, `\ba, ^\be, ,\bc, ~\bn',
      'naïve, café, à, ê, ç, ñ',
    ],
    ['accented after the letter', "cafe\b'", 'café'],
    ['struck beyond the beginning', '\b\bone', 'one'],
    ['struck on one of several lines', '_\ba\nb\b', 'a\nb'],
  ])('shows what is %s as printed', async (_name, struck, printed) => {
    expect(await quotes(struck)).toEqual([[1, { quote: printed }]]);
  });
});
