import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { JsonStep } from './json.reader.ts';
import { MAX_ROW_BYTES } from './line.reader.ts';
import type { Row } from './row.model.ts';
import { type Format, readRows } from './row.reader.ts';

async function* inChunks(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function rows(format: Format, text: string, chunkSize = 65_536): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of readRows(format, inChunks(text, chunkSize))) all.push(row);
  return all;
}

const CSV: Format = { name: 'csv', delimiter: ',', quoting: true };
const FORTUNES: Format = { name: 'blocks', separator: '%', rot13: false };

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
    expect((await rows(CSV, text)).map((row) => 'value' in row && row.value)).toEqual(values);
  });

  it('skips the rule of a table in Markdown, and no other dashes', async () => {
    const table = '|a|b|\n|:--|---:|\n|---|1|\n';
    expect(await rows({ name: 'csv', delimiter: '|', quoting: true }, table)).toEqual([
      { line: 3, value: { '': undefined, a: '---', b: '1' } },
    ]);
    expect(await rows(CSV, 'a,b\n---,---\n')).toEqual([{ line: 2, value: { a: '---', b: '---' } }]);
  });

  it('tells the line on which each row starts', async () => {
    expect((await rows(CSV, 'a\n1\n"2\n2"\n\n3\n')).map(({ line }) => line)).toEqual([2, 3, 6]);
  });

  it('refuses what is not well-formed, and reads on after it', async () => {
    expect(await rows(CSV, 'a,b\n1,x"y\n2,b\n"3"c,b\n4\n"5\n6" 7,b\n8,b\n')).toEqual([
      { line: 2, reason: 'has a quote out of place', text: '1,x"y' },
      { line: 3, value: { a: '2', b: 'b' } },
      { line: 4, reason: 'has a quote out of place', text: '"3"c,b' },
      { line: 5, reason: 'has 1 fields where the header has 2', text: '4' },
      { line: 6, reason: 'has a quote out of place (lines up to 7 skipped)', text: '"5\n6" 7,b' },
      { line: 8, value: { a: '8', b: 'b' } },
    ]);
  });

  it('gives up a quoted field that is not closed', async () => {
    expect(await rows(CSV, 'a\n"1\n2\n')).toEqual([
      {
        line: 2,
        reason:
          'has a quoted field that is not closed before the end of the file ' +
          '(lines up to 3 skipped)',
        text: '"1\n2',
      },
    ]);
    expect(await rows(CSV, `a\n"${'x\n'.repeat(MAX_ROW_BYTES / 2 + 1)}y\n`)).toEqual([
      { line: 2, reason: `is longer than 64 KiB (lines up to ${MAX_ROW_BYTES / 2 + 2} skipped)` },
      { line: MAX_ROW_BYTES / 2 + 3, value: { a: 'y' } },
    ]);
  });
});

describe('JSON Lines', () => {
  it('reads a value a line, and refuses what is none', async () => {
    expect(
      await rows({ name: 'jsonl' }, `{"a":1}\r\n\n[2]\n{"a":}\n"${'x'.repeat(MAX_ROW_BYTES)}"\n3`),
    ).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 3, value: [2] },
      { line: 4, reason: 'is not valid JSON', text: '{"a":}' },
      { line: 5, reason: 'is longer than 64 KiB' },
      { line: 6, value: 3 },
    ]);
  });
});

describe('JSON', () => {
  const LIST: Format = { name: 'json', path: ['items'], byAuthor: false };
  const values = (all: Row[]) => all.map((row) => ('value' in row ? row.value : row.reason));

  it.each([1, 2, 3, 64])('is cut into its rows in chunks of %i bytes', async (chunkSize) => {
    const text = ' [ {"a": "é\\"]}"} ,\n"x\\\\",\n\n [1, [2]], 3.5,null , {"b": {"c": []}} ]\n';

    expect(await rows(LIST, text, chunkSize)).toEqual([
      { line: 1, value: { a: 'é"]}' } },
      { line: 2, value: 'x\\' },
      { line: 4, value: [1, [2]] },
      { line: 4, value: 3.5 },
      { line: 4, value: null },
      { line: 4, value: { b: { c: [] } } },
    ]);
  });

  it('tells the line on which each row starts', async () => {
    const all = await rows(LIST, '\n[1\n,\n2\n,"\\n",\n{"a":\n3},4]');

    expect(all.map(({ line }) => line)).toEqual([2, 4, 5, 6, 7]);
  });

  it.each<[shape: string, path: JsonStep[], text: string, expected: unknown[]]>([
    [
      'a list in a list of members',
      [{ key: 'a' }, { key: 'b' }, 'items'],
      '{"x":[1],"a":{"c":[2],"b":[3,4]},"y":5}',
      [3, 4],
    ],
    ['members', ['members'], '{"a":{"b":1},"c":2}', [{ b: 1 }, 2]],
    ['lists by name', ['members', 'items'], '{"a":[1,2],"b":[],"c":[3]}', [1, 2, 3]],
    ['the document itself', [], '{"a":[1]}', [{ a: [1] }]],
    ['documents behind each other', [], '{"a":1}\n{"b":2}', [{ a: 1 }, { b: 2 }]],
    ['keys with escapes', [{ key: 'é"' }, 'items'], '{"\\u00e9\\"":[1]}', [1]],
  ])('finds %s', async (_shape, path, text, expected) => {
    expect(values(await rows({ name: 'json', path, byAuthor: false }, text, 5))).toEqual(expected);
  });

  it.each<[what: string, path: JsonStep[], text: string, expected: unknown[]]>([
    [
      'an object behind a list',
      ['items'],
      '[{"a":1}],{"b":2,"c":3}]',
      [{ a: 1 }, 'stands where a list is expected', 'has a ] out of place'],
    ],
    [
      'words behind a list',
      ['items'],
      '[1]\ntrailing {"b":2}\n[3]',
      [1, 'stands where a list is expected', 'stands where a list is expected', 3],
    ],
    [
      'a text and an object in the place of lists',
      ['members', 'items'],
      '{"a":[1],"b":"2","c":{"d":"e"},"f":[3]}',
      [1, 'stands where a list is expected', 'stands where a list is expected', 3],
    ],
    [
      'a list in the place of an object',
      [{ key: 'a' }, { key: 'b' }, 'items'],
      '{"a":["b",[1]]}',
      ['stands where an object is expected'],
    ],
    [
      'a list that is not closed',
      ['members', 'items'],
      '{"a":[1,"b":[2],"c":3}',
      [1, 'b', 'has a : out of place', [2], 'c', 'has a : out of place', 3].concat([
        'has a } out of place',
        'the file ends before its JSON is complete',
      ]),
    ],
    [
      'a list in the place of a name',
      ['members', 'items'],
      '{"a",[1],"b":[2]}',
      ['stands where a name is expected', 2],
    ],
    ['a name that is none', ['members'], '{a:1,"b":2}', ['is not valid JSON', 2]],
  ])('tells of %s', async (_what, path, text, expected) => {
    for (const size of [1, 64])
      expect(values(await rows({ name: 'json', path, byAuthor: false }, text, size))).toEqual(
        expected,
      );
  });

  it('says who the author is where lists have one', async () => {
    const format: Format = { name: 'json', path: ['members', 'items'], byAuthor: true };

    expect(values(await rows(format, '{"Ada":["one",{"quote":"two"}],"Bo":["three"]}'))).toEqual([
      { quote: 'one', author: 'Ada' },
      { author: 'Ada', quote: 'two' },
      { quote: 'three', author: 'Bo' },
    ]);
  });

  it('refuses a row that is too long, and reads on after it', async () => {
    const long = 'x'.repeat(MAX_ROW_BYTES);

    expect(values(await rows(LIST, `["${long}",\n1,{"a":"${long}"},2]`, 1000))).toEqual([
      'is longer than 64 KiB',
      1,
      'is longer than 64 KiB',
      2,
    ]);
  });

  it('refuses what is malformed, and reads on after it', async () => {
    expect(values(await rows(LIST, '[{"a":1,},{"a" 2},nought,"a\nb",[1}, 2]'))).toEqual([
      'is not valid JSON',
      'is not valid JSON',
      'is not valid JSON',
      'is not valid JSON',
      'is not valid JSON',
      2,
    ]);
  });

  it.each(['[1,', '[1', '[1,"a', '[1,{"a":'])('tells that %s is not complete', async (text) => {
    expect((await rows(LIST, text)).at(-1)).toEqual({
      line: 1,
      reason: 'the file ends before its JSON is complete',
    });
  });
});

describe('a row of 200 MB', () => {
  const CHUNK = 65_536;
  const CHUNKS = 200_000_000 / CHUNK;
  const CHUNKS_PER_LOOK = 256;
  const MAX_GROWTH = 32 * 1024 * 1024;
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const memory = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;

  it.each<[name: string, before: string, after: string, format: Format, good: unknown]>([
    ['a text of JSON', '["', '",2]', { name: 'json', path: ['items'], byAuthor: false }, 2],
    [
      'an object of JSON',
      '[{"a":[',
      '1]},2]',
      { name: 'json', path: ['items'], byAuthor: false },
      2,
    ],
    [
      'a key of JSON',
      '{"',
      '":1,"b":2}',
      { name: 'json', path: [{ key: 'b' }], byAuthor: false },
      2,
    ],
    ['JSON Lines', '"', '"\n2\n', { name: 'jsonl' }, 2],
    ['CSV', 'a\n', '\n2\n', CSV, { a: '2' }],
    ['blocks', '', '\n%\n2\n', FORTUNES, '2'],
    ['lines', '', '\n2\n', { name: 'lines' }, '2'],
  ])('is refused in little memory: %s', async (_name, before, after, format, good) => {
    let most = 0;
    collectGarbage();
    const start = memory();
    async function* chunks(): AsyncGenerator<Buffer> {
      yield Buffer.from(before);
      for (let i = 0; i < CHUNKS; i += 1) {
        yield Buffer.alloc(CHUNK, '1,');
        if (i % CHUNKS_PER_LOOK > 0) continue;
        // What is garbage, and waits to be collected, says nothing.
        collectGarbage();
        most = Math.max(most, memory() - start);
      }
      yield Buffer.from(after);
    }
    const read: Row[] = [];
    for await (const row of readRows(format, chunks())) read.push(row);

    const values = read.map((row) => ('value' in row ? row.value : row.reason));
    expect(values.slice(-1)).toEqual([good]);
    expect(values.slice(0, -1).every((value) => value === 'is longer than 64 KiB')).toBe(true);
    expect(most).toBeLessThan(MAX_GROWTH);
  });
});

describe('fortune file', () => {
  const quotes = async (text: string) =>
    (await rows(FORTUNES, text)).map((row) => ('value' in row ? [row.line, row.value] : row));

  it('is split at lines that hold only %', async () => {
    expect(await quotes('one\n  1\n%\ntwo\n% \nthree %\n%3\n%\r\nfour')).toEqual([
      [1, 'one\n  1'],
      [4, 'two'],
      [6, 'three %\n%3'],
      [9, 'four'],
    ]);
  });

  it('may begin and end with %; what is blank in between is a row', async () => {
    expect(await quotes('%\none\n%\n \n%\n%\n\n')).toEqual([
      [2, 'one'],
      [4, ' '],
      [6, ''],
    ]);
  });

  it('refuses an entry that is too long, however many lines it has', async () => {
    expect(await quotes(`one\n%\n${'x\n'.repeat(MAX_ROW_BYTES)}%\ntwo\n%\n`)).toEqual([
      [1, 'one'],
      { line: 3, reason: 'is longer than 64 KiB' },
      [MAX_ROW_BYTES + 4, 'two'],
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
    expect(await quotes(struck)).toEqual([[1, printed]]);
  });
});
