import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { inspectSources, readSource, type SourceOptions } from './import.source.ts';
import { type ImportKind, quoteRows, userRows } from './import.target.ts';
import { validate } from './row.validator.ts';

const folder = mkdtempSync(join(tmpdir(), 'source-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DEFAULTS: SourceOptions = { map: new Map() };

function write(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

/** Whether a row says anything of a field. */
const isSaid = ([, value]: [string, unknown]) => String(value ?? '') !== '';

/** What a file is taken for, its rows as the API would take them, and why others are refused. */
async function read(path: string, options: Partial<SourceOptions> = {}, kind = quoteRows) {
  const { sources } = await inspectSources([path], kind, { ...DEFAULTS, ...options });
  const [source] = sources;
  if (!source) throw new Error(`${path} was left out`);
  const rows: unknown[] = [];
  const refused: string[] = [];
  for await (const row of readSource(source, () => {})) {
    const result = 'reason' in row ? row : validate(kind.schema, row.value, source.columns);
    if ('reason' in result) refused.push(`${row.line}: ${result.reason}`);
    else rows.push(Object.fromEntries(Object.entries(result.value).filter(isSaid)));
  }
  return { taken: source.description.replace(`${path}: `, ''), rows, refused };
}

async function problem(
  path: string,
  options: Partial<SourceOptions> = {},
  kind: ImportKind<unknown> = quoteRows,
) {
  const error = await inspectSources([path], kind, { ...DEFAULTS, ...options }).catch(
    (reason: Error) => reason,
  );
  return error instanceof Error ? error.message.replace(`${path}: `, '') : undefined;
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');
const quoted = (texts: string[]) => texts.map((quote) => ({ quote }));

const RAIN = 'Rain writes its letters on every window.';
const DOOR = 'A door is only a wall that has changed its mind.';
const ada = { quote: RAIN, author: 'Ada Quill' };
const bo = { quote: DOOR, author: 'Bo Ferris' };
const both = [ada, bo];

/** Prose that was wrapped at 72 columns. */
const WRAPPED = [
  'Nobody who has ever carried a ladder through a narrow street at noon can',
  'believe that the world was made for people who are in a hurry to arrive',
  'somewhere else.',
];
const VERSE = [
  'The kettle sings, the window weeps,',
  'The cat upon the carpet sleeps,',
  'And nobody is late.',
];

describe('a file is told by its content, and read without being edited', () => {
  it.each<[shape: string, content: string | Buffer, taken: string, rows: unknown[]]>([
    [
      'a pretty JSON array',
      JSON.stringify(
        [{ _id: 'a1', content: RAIN, author: 'Ada Quill', tags: ['Rain'], length: 40 }],
        null,
        2,
      ),
      'a JSON list, UTF-8; quote from "content", author, tags; not imported: _id, length',
      [{ ...ada, tags: ['rain'] }],
    ],
    [
      'a minified JSON array',
      JSON.stringify([
        { quoteText: RAIN, quoteAuthor: 'Ada Quill' },
        { quoteText: DOOR, quoteAuthor: '' },
      ]),
      'a JSON list, UTF-8; quote from "quoteText", author from "quoteAuthor"',
      [ada, { quote: DOOR }],
    ],
    [
      'a JSON array, an object a line',
      `[\n{"q":"${RAIN}","a":"Ada Quill"},\n{"q":"${DOOR}","a":"Bo Ferris"}\n]\n`,
      'a JSON list, UTF-8; quote from "q", author from "a"',
      both,
    ],
    [
      'from and category',
      JSON.stringify([{ text: RAIN, from: 'Ada Quill', category: 'life' }]),
      'a JSON list, UTF-8; quote from "text", author from "from", tags from "category"',
      [{ ...ada, tags: ['life'] }],
    ],
    [
      'by',
      JSON.stringify([{ quote: RAIN, by: 'Ada Quill' }]),
      'a JSON list, UTF-8; quote, author from "by"',
      [ada],
    ],
    [
      'a JSON array of strings',
      JSON.stringify([RAIN, DOOR]),
      'a JSON list, UTF-8',
      quoted([RAIN, DOOR]),
    ],
    [
      'a JSON object with an array',
      JSON.stringify({ count: 2, quotes: both }),
      'a JSON object, the list in its "quotes", UTF-8; quote, author',
      both,
    ],
    [
      'a JSON object with an array deeper in it',
      JSON.stringify(
        { status: { ok: true, warnings: ['none'] }, contents: { found: both } },
        null,
        1,
      ),
      'a JSON object, the list in its "contents.found", UTF-8; quote, author',
      both,
    ],
    [
      'a JSON object by author',
      JSON.stringify({ 'Ada Quill': [RAIN], 'Bo Ferris': [DOOR] }),
      'a JSON object of authors, UTF-8; quote, author',
      both,
    ],
    [
      'a JSON object by number',
      JSON.stringify({ 1: ada, 2: bo }),
      'a JSON list, UTF-8; quote, author',
      both,
    ],
    [
      'one JSON object',
      JSON.stringify(ada, null, 2).replaceAll('\n', ''),
      'a JSON object, UTF-8; quote, author',
      [ada],
    ],
    [
      'a pretty JSON object',
      JSON.stringify(ada, null, 2),
      'a JSON object, UTF-8; quote, author',
      [ada],
    ],
    [
      'JSON Lines',
      `${JSON.stringify({ ...ada, tags: ['a', 'b'], id: 1 })}\n${JSON.stringify({ ...bo, tags: [] })}\n`,
      'JSON Lines, UTF-8; quote, author, tags; not imported: id',
      [{ ...ada, tags: ['a', 'b'] }, bo],
    ],
    [
      'CSV with category',
      `quote,author,category\n"Be, now.",Somebody Else,"Love, life"\n`,
      'CSV with commas, UTF-8; quote, author, tags from "category"',
      [{ quote: 'Be, now.', author: 'Somebody Else', tags: ['love', 'life'] }],
    ],
    [
      'CSV with an index column',
      `,quote,author,tags\n0,"${RAIN}",Ada Quill,"['rain', 'glass']"\n`,
      'CSV with commas, UTF-8; quote, author, tags',
      [{ ...ada, tags: ['rain', 'glass'] }],
    ],
    [
      'CSV with quoted line ends',
      `QUOTE,Author\r\n"one\r\ntwo",Ada Quill\r\n`,
      'CSV with commas, UTF-8; quote from "QUOTE", author from "Author"',
      [{ quote: 'one\ntwo', author: 'Ada Quill' }],
    ],
    [
      'CSV, author first',
      `Author;Quote\nAda Quill;${RAIN}\nBo Ferris;${DOOR}\n`,
      'CSV with semicolons, UTF-8; quote from "Quote", author from "Author"',
      both,
    ],
    [
      'CSV in Windows-1252',
      latin1('Author;Quote\nZoé Brûlé;Déjà là.\n'),
      'CSV with semicolons, Windows-1252; quote from "Quote", author from "Author"',
      [{ quote: 'Déjà là.', author: 'Zoé Brûlé' }],
    ],
    [
      'CSV with a byte order mark',
      `\ufeffAuthor;Quote\nZoé Brûlé;Déjà là.\n`,
      'CSV with semicolons, UTF-8 with BOM; quote from "Quote", author from "Author"',
      [{ quote: 'Déjà là.', author: 'Zoé Brûlé' }],
    ],
    [
      'what Excel saves: sep=;',
      `sep=;\r\nQuote;Author\r\n"${RAIN}";Ada Quill\r\n`,
      'CSV with semicolons, UTF-8; quote from "Quote", author from "Author"',
      [ada],
    ],
    [
      'what Excel saves: UTF-16',
      utf16(`Quote\tAuthor\r\n${RAIN}\tAda Quill\r\n雨は手紙を書く。\t詩人\r\n`),
      'CSV with tabs, UTF-16 LE; quote from "Quote", author from "Author"',
      [ada, { quote: '雨は手紙を書く。', author: '詩人' }],
    ],
    [
      'UTF-16, big end first',
      utf16(`quote\tauthor\n${RAIN}\tAda Quill\n`).swap16(),
      'CSV with tabs, UTF-16 BE; quote, author',
      [ada],
    ],
    [
      'TSV with quotes that are mere characters',
      `quote\tauthor\n"Rain", she said.\tAda Quill\nIt was 5" deep.\tBo Ferris\n`,
      'CSV with tabs, UTF-8; quote, author',
      [
        { quote: '"Rain", she said.', author: 'Ada Quill' },
        { quote: 'It was 5" deep.', author: 'Bo Ferris' },
      ],
    ],
    [
      'bars, and a quote that nothing closes',
      `quote|author\n"Rain, she said.|Ada Quill\nIt was 5 deep.|Bo Ferris\n`,
      'CSV with bars, UTF-8; quote, author',
      [
        { quote: '"Rain, she said.', author: 'Ada Quill' },
        { quote: 'It was 5 deep.', author: 'Bo Ferris' },
      ],
    ],
    [
      'bars',
      `text|who|theme\n${RAIN}|Ada Quill|rain\n`,
      'CSV with bars, UTF-8; quote from "text", author from "who", tags from "theme"',
      [{ ...ada, tags: ['rain'] }],
    ],
    [
      'double bars',
      `quote||author\n${RAIN}||Ada Quill\nNot one | but two.||Bo Ferris\n`,
      'CSV with double bars, UTF-8; quote, author',
      [ada, { quote: 'Not one | but two.', author: 'Bo Ferris' }],
    ],
    [
      'double bars without a header',
      `${RAIN}||Ada Quill\n${DOOR}||Bo Ferris\n`,
      'CSV with double bars, without a header, UTF-8; quote, author',
      both,
    ],
    [
      'a time table',
      `12:05|five past noon|"It was five past noon," he wrote.|The Long Hour|Bo Ferris|sfw\n` +
        `12:06|six past|Six past, and "nothing" yet.|The Long Hour|Bo Ferris|nsfw\n`,
      'CSV with bars, without a header, UTF-8; quote, author, source from "title"; ' +
        'not imported: time, time phrase, 6',
      [
        {
          quote: '"It was five past noon," he wrote.',
          author: 'Bo Ferris',
          source: 'The Long Hour',
        },
        { quote: 'Six past, and "nothing" yet.', author: 'Bo Ferris', source: 'The Long Hour' },
      ],
    ],
    [
      'French columns',
      'citation;auteur;œuvre;thème;langue\nIl pleut.;Zoé Brûlé;Cartes;pluie;français\n',
      'CSV with semicolons, UTF-8; quote from "citation", author from "auteur", ' +
        'source from "œuvre", lang from "langue", tags from "thème"',
      [{ quote: 'Il pleut.', author: 'Zoé Brûlé', source: 'Cartes', lang: 'fr', tags: ['pluie'] }],
    ],
    [
      'German columns',
      'Zitat;Autor;Quelle;Sprache\nEs regnet.;Udo Stein;Karten;de-AT\n',
      'CSV with semicolons, UTF-8; quote from "Zitat", author from "Autor", ' +
        'source from "Quelle", lang from "Sprache"',
      [{ quote: 'Es regnet.', author: 'Udo Stein', source: 'Karten', lang: 'de' }],
    ],
    [
      'Spanish columns',
      'cita,autor\nLlueve.,Inés Vela\n',
      'CSV with commas, UTF-8; quote from "cita", author from "autor"',
      [{ quote: 'Llueve.', author: 'Inés Vela' }],
    ],
    [
      'Italian columns',
      'citazione,autore\nPiove.,Ugo Sasso\n',
      'CSV with commas, UTF-8; quote from "citazione", author from "autore"',
      [{ quote: 'Piove.', author: 'Ugo Sasso' }],
    ],
    [
      'one column',
      `Quote\n${RAIN}\n${DOOR}\n`,
      'CSV of one column, UTF-8; quote from "Quote"',
      quoted([RAIN, DOOR]),
    ],
    ['one quote a line', `${RAIN}\n\n"${DOOR}"\n`, 'one quote a line, UTF-8', quoted([RAIN, DOOR])],
    [
      'one quote a line, in scripts without case',
      '雨は手紙を書く。\nבגשם כל חלון הוא מכתב.\nالمطر يكتب رسائله.\nฝนเขียนจดหมาย\nبارش خط لکھتی ہے۔\n',
      'one quote a line, UTF-8',
      quoted([
        '雨は手紙を書く。',
        'בגשם כל חלון הוא מכתב.',
        'المطر يكتب رسائله.',
        'ฝนเขียนจดหมาย',
        'بارش خط لکھتی ہے۔',
      ]),
    ],
    [
      'one quote a line, with names like tags',
      '<Ada> Is it late?\n<Bo> It is.\n',
      'one quote a line, UTF-8',
      quoted(['<Ada> Is it late?', '<Bo> It is.']),
    ],
    [
      'one quote a line, in small letters',
      'rain falls.\nsnow falls.\n',
      'one quote a line, UTF-8',
      quoted(['rain falls.', 'snow falls.']),
    ],
    [
      'CSV with brackets in texts, and authors',
      `quote,author\n${RAIN} (Ada Quill),Bo Ferris\n${DOOR} (Ada Quill),\n`,
      'CSV with commas, UTF-8; quote, author',
      [{ quote: `${RAIN} (Ada Quill)`, author: 'Bo Ferris' }, { quote: `${DOOR} (Ada Quill)` }],
    ],
    [
      'one quote a line and its author',
      `"${RAIN}" - Ada Quill\n"${DOOR}" - Bo Ferris\n`,
      'one quote a line, UTF-8; authors from the ends of texts',
      both,
    ],
    [
      'one quote a line, its author and the work',
      `${RAIN} ― Ada Quill, Letters of Glass\n${DOOR} ― Bo Ferris\n`,
      'one quote a line, UTF-8; authors from the ends of texts',
      [{ ...ada, source: 'Letters of Glass' }, bo],
    ],
    [
      'one quote a line, its author in brackets',
      `${RAIN} (Ada Quill)\n${DOOR} (Bo Ferris)\nNobody said this.\n`,
      'one quote a line, UTF-8; authors from the ends of texts',
      [...both, { quote: 'Nobody said this.' }],
    ],
    [
      'a fortune file',
      `${WRAPPED.join('\n')}\n\t\t-- Ada Quill, "Ladders"\n%\n${VERSE.join('\n')}\n\t\t-- Bo Ferris\n%\n`,
      'blocks between lines of %, UTF-8; authors from the ends of texts',
      [
        { quote: WRAPPED.join(' '), author: 'Ada Quill', source: 'Ladders' },
        { quote: VERSE.join('\n'), author: 'Bo Ferris' },
      ],
    ],
    [
      'blocks between %%',
      `${RAIN}\n%%\n${DOOR}\n`,
      'blocks between lines of %%, UTF-8',
      quoted([RAIN, DOOR]),
    ],
    [
      'blocks between dashes',
      `${RAIN}\n---\n${DOOR}\n------\n`,
      'blocks between lines of ---, UTF-8',
      quoted([RAIN, DOOR]),
    ],
    [
      'a JSON answer with a message',
      JSON.stringify({ statusCode: 200, message: 'Quotes', page: { next: 2 }, data: both }),
      'a JSON object, the list in its "data" and not in "message", UTF-8; quote, author',
      both,
    ],
    [
      'a JSON object, a row a line',
      `{"quotes":[\n${both.map((row) => JSON.stringify(row)).join(',\n')}\n]}\n`,
      'a JSON object, the list in its "quotes", UTF-8; quote, author',
      both,
    ],
    [
      'a JSON object of objects with lists',
      JSON.stringify({ rain: { quotes: [RAIN] }, doors: { quotes: [DOOR] } }),
      'a JSON object, the list in its "quotes", UTF-8',
      quoted([RAIN, DOOR]),
    ],
    [
      'a JSON object with other texts beside the list',
      JSON.stringify({ quotes: [RAIN], proverbs: [DOOR], more: [{ x: 1 }], tags: ['rain'], n: 1 }),
      'a JSON object, the list in its "quotes" and not in "proverbs", "more", UTF-8',
      quoted([RAIN]),
    ],
    [
      'a JSON object by author, one of whom said nothing',
      JSON.stringify({ 'Ada Quill': [RAIN], 'Bo Ferris': [] }),
      'a JSON object of authors, UTF-8; quote, author',
      [ada],
    ],
    [
      'a JSON array whose objects differ in names',
      JSON.stringify([{ message: RAIN }, { quote: DOOR, id: 2 }]),
      'a JSON list, UTF-8; quote; not imported: id',
      quoted([RAIN, DOOR]),
    ],
    [
      'a JSON array with numbers as tags',
      JSON.stringify([
        { quote: RAIN, tags: 3 },
        { quote: DOOR, tags: ['4', 5] },
      ]),
      'a JSON list, UTF-8; quote, tags',
      [
        { quote: RAIN, tags: ['3'] },
        { quote: DOOR, tags: ['4', '5'] },
      ],
    ],
    [
      'JSON Lines of texts',
      '"He said \\"no\\"."\n"Caf\\u00e9."\n"Two\\nlines."\n',
      'JSON Lines, UTF-8',
      quoted(['He said "no".', 'Café.', 'Two\nlines.']),
    ],
    [
      'CSV with columns in the plural',
      `Quotes,Authors\n"Rain, again.",Ada Quill\n${DOOR},Bo Ferris\n`,
      'CSV with commas, UTF-8; quote from "Quotes", author from "Authors"',
      [{ quote: 'Rain, again.', author: 'Ada Quill' }, bo],
    ],
    [
      'CSV with a long name of a column',
      `quote,author,"Please say why you like this quote so very much (you need not answer)."\n` +
        `${RAIN},Ada Quill,none\n`,
      'CSV with commas, UTF-8; quote, author; not imported: ' +
        'Please say why you like this quote so very much (you need not answer).',
      [ada],
    ],
    [
      'CSV with a header only',
      'id,quote,author\n',
      'CSV with commas, UTF-8; quote, author; not imported: id',
      [],
    ],
    [
      'CSV without a header, a line end in quotes',
      `"Rain falls,\nsoftly and for a long time.","Ada Quill"\n"${DOOR}","Bo Ferris"\n`,
      'CSV with commas, without a header, UTF-8; quote, author',
      [{ quote: 'Rain falls,\nsoftly and for a long time.', author: 'Ada Quill' }, bo],
    ],
    [
      'one column with quotes that are mere characters',
      `quote\nHe said "no" twice.\n${DOOR}\n`,
      'CSV of one column, UTF-8; quote',
      quoted(['He said "no" twice.', DOOR]),
    ],
    [
      'a table in Markdown',
      `| quote | author |\n|---|:-:|\n| ${RAIN} | Ada Quill |\n| ${DOOR} | Bo Ferris |\n`,
      'CSV with bars, UTF-8; quote, author',
      both,
    ],
    [
      'one quote a line, the first with names of columns',
      'Body, mind, and soul.\nOne, two, and three.\nDoors stay open.\n',
      'one quote a line, UTF-8',
      quoted(['Body, mind, and soul.', 'One, two, and three.', 'Doors stay open.']),
    ],
    [
      'one quote a line, with commas and quotation marks alike',
      '"Rain," she said, "falls."\n"Doors," he said, "open."\n“Seas,” they said, “sleep.”\n',
      'one quote a line, UTF-8',
      quoted([
        '"Rain," she said, "falls."',
        '"Doors," he said, "open."',
        '“Seas,” they said, “sleep.”',
      ]),
    ],
    [
      'riddles in blocks',
      'Q:\tHow many gulls?\nA:\tTwo.\n%\nQ:\tWhy did it open?\nA:\tIt was pushed.\n%\n',
      'blocks between lines of %, UTF-8',
      quoted(['Q:\tHow many gulls?\nA:\tTwo.', 'Q:\tWhy did it open?\nA:\tIt was pushed.']),
    ],
    [
      'blocks with rules in them',
      `Rain:\n----\none cloud\n----\ntwo winds\n%\n${DOOR}\n`,
      'blocks between lines of %, UTF-8',
      quoted(['Rain:\n----\none cloud\n----\ntwo winds', DOOR]),
    ],
    [
      'blocks with dialogues',
      '— Où vas-tu ?\n— Nulle part.\n%\n— Qui est là ?\n— Moi.\n%\n',
      'blocks between lines of %, UTF-8',
      quoted(['— Où vas-tu ?\n— Nulle part.', '— Qui est là ?\n— Moi.']),
    ],
    [
      'what is packed',
      gzipSync(JSON.stringify(both)),
      'a JSON list, UTF-8, gzip; quote, author',
      both,
    ],
    [
      'line ends of old Macs',
      `quote,author\r${RAIN},Ada Quill\r`,
      'CSV with commas, UTF-8; quote, author',
      [ada],
    ],
    [
      'more than is looked at, cut within a text and a character',
      JSON.stringify(Array.from({ length: 2000 }, (_, i) => `"}é,é{€🐋 ${i}`.repeat(9))),
      'a JSON list, UTF-8',
      quoted(Array.from({ length: 2000 }, (_, i) => `"}é,é{€🐋 ${i}`.repeat(9))),
    ],
    ['nothing', '', 'JSON Lines, UTF-8', []],
  ])('%s', async (_shape, content, taken, rows) => {
    expect(await read(write('file', content))).toEqual({ taken, rows, refused: [] });
  });
});

describe('the index of a fortune file', () => {
  const index = (flags: number, separator: string) => {
    const bytes = Buffer.alloc(24);
    bytes.writeUInt32BE(2, 0);
    bytes.writeUInt32BE(flags, 16);
    bytes.write(separator, 20);
    return bytes;
  };

  it('tells that its letters are rotated', async () => {
    write('rotated.dat', index(4, '%'));

    expect(await read(write('rotated', "Ab bar vf yngr.\n%\nEnva, à 5 b'pybpx.\n"))).toEqual({
      taken: 'blocks between lines of %, ROT13, UTF-8',
      rows: quoted(['No one is late.', "Rain, à 5 o'clock."]),
      refused: [],
    });
  });

  it('tells what separates the quotes, and that there may be one only', async () => {
    write('hashes.dat', index(0, '#'));

    expect((await read(write('hashes', 'one,\ntwo\n#\nthree\n'))).rows).toEqual(
      quoted(['one,\ntwo', 'three']),
    );
    write('single.dat', index(0, '%'));
    expect((await read(write('single', VERSE.join('\n')))).rows).toEqual(
      quoted([VERSE.join('\n')]),
    );
  });
});

describe('what is not understood is refused whole', () => {
  it.each<[what: string, content: string | Buffer, message: string]>([
    [
      'a table whose columns are not known',
      'foo|bar\none|two\nthree|four\n',
      'is a table of 2 columns, the first row "foo", "bar", and none is known to hold the quote. ' +
        'Say which, by its name as in --map quote=text, or by its number as in --map quote=1 ' +
        'if no row has names; or --format lines if each line is a quote',
    ],
    [
      'JSON without quotes',
      JSON.stringify([{ foo: 1, bar: 'x' }]),
      'is JSON, but no list of quotes: it has items with "foo", "bar". Say which member holds ' +
        'the quote, as in --map quote=text',
    ],
    [
      'JSON with a first row that is too long',
      `{"quotes":["${'x'.repeat(200_000)}","${RAIN}"]}`,
      'is JSON whose first row is longer than 64 KiB',
    ],
    [
      'JSON with a mistake',
      '{"quote" "one"}',
      expect.stringContaining('begins like JSON, but is none'),
    ],
    [
      'running text',
      `${WRAPPED.join('\n')}\n\n${WRAPPED.join('\n')}\n`,
      'looks like running text or verse, whose lines go on from one to the next. Put a line ' +
        'that holds only % between the quotes, or say --format lines if each line is one',
    ],
    [
      'a poem',
      `${VERSE.join('\n')}\n\n${VERSE.join('\n')}\n`,
      expect.stringContaining('running text or verse'),
    ],
    [
      'a poem below a title',
      `Quotes\n\n${VERSE.join('\n')}\n\n${VERSE.join('\n')}\n`,
      expect.stringContaining('running text or verse'),
    ],
    [
      'settings',
      'name: quotes\nport: 80\nhost: none\n',
      expect.stringContaining('looks like settings or YAML'),
    ],
    ['XML', '<quotes><quote>Hello.</quote></quotes>', expect.stringContaining('is HTML or XML')],
    ['SQL', "INSERT INTO quotes VALUES ('Hello.');\n", expect.stringContaining('is SQL')],
    ['a PDF', '%PDF-1.7\n%\n', expect.stringContaining('is a PDF')],
    ['what is packed otherwise', Buffer.from('fd377a585a', 'hex'), 'is packed: unpack it first'],
    [
      'a page',
      '<!DOCTYPE html>\n<p>Hello.</p>\n',
      'is HTML or XML: save the quotes as CSV or JSON',
    ],
    [
      'a workbook',
      Buffer.from('PK\x03\x04rest'),
      expect.stringContaining('is a spreadsheet or a ZIP archive'),
    ],
    [
      'UTF-16 without its mark',
      Buffer.from(RAIN, 'utf16le'),
      expect.stringContaining('it has zero bytes'),
    ],
    [
      'what is packed badly',
      Buffer.from('1f8b0800', 'hex'),
      expect.stringContaining('cannot be unpacked'),
    ],
    [
      'JSON Lines of lists',
      `["${RAIN}","Ada Quill"]\n["${DOOR}","Bo Ferris"]\n`,
      'is JSON Lines of lists, whose columns have no names. Make objects of them, as in ' +
        '{"quote": "...", "author": "..."}, or say --format json if each text is a quote',
    ],
    [
      'JSON with several lists',
      JSON.stringify({ version: 1, movies: [{ quote: RAIN }], books: [{ quote: DOOR }] }),
      'is JSON with quotes in several places: "movies", "books". Put them into one list, or ' +
        'into a file each',
    ],
    [
      'JSON with lists, one under a usual name',
      JSON.stringify({ quotes: [{ quote: RAIN }], proverbs: [{ quote: DOOR }] }),
      expect.stringContaining('in several places: "quotes", "proverbs"'),
    ],
    [
      'JSON with lists in some of its members',
      JSON.stringify({ rain: { quotes: [RAIN] }, doors: { quotes: [DOOR] }, date: 'x' }),
      expect.stringContaining('in several places: "rain.quotes", "doors.quotes"'),
    ],
    [
      'a JSON quote with other quotes in it',
      JSON.stringify({ quote: RAIN, related: [{ quote: DOOR }] }),
      expect.stringContaining('in several places: "quote", "related"'),
    ],
    [
      'JSON Lines without quotes',
      '{"proverb":"Rain.","who":"Ada"}\n{"proverb":"Doors.","who":"Bo"}\n',
      'is JSON Lines, but no list of quotes: it has items with "proverb", "who". Say which ' +
        'member holds the quote, as in --map quote=text',
    ],
    [
      'JSON Lines of people with lists',
      '{"name":"Ada","quotes":["Rain."]}\n{"name":"Bo","quotes":["Doors."]}\n',
      expect.stringContaining('it has items with "name", "quotes"'),
    ],
    [
      'JSON Lines of answers',
      '{"results":[{"quote":"Rain."}]}\n{"results":[{"quote":"Doors."}]}\n',
      expect.stringContaining('it has items with "results"'),
    ],
    ['JSON in a call', 'callback([{"quote":"Rain."}])\n', expect.stringContaining('a program')],
    ['a program', 'const quotes=["Rain.","Doors."];\n', expect.stringContaining('a program')],
    ['RTF', '{\\rtf1\\ansi Rain falls.\\par }', expect.stringContaining('is RTF')],
    [
      'a dump of MySQL',
      '-- MySQL dump\n--\n/*!40101 SET NAMES utf8 */;\nCREATE TABLE `quotes` (id int);\n',
      expect.stringContaining('is SQL'),
    ],
    [
      'YAML with quotes',
      '- quote: "Rain falls."\n  author: "Ada Quill"\n- quote: "Doors."\n  author: "Bo"\n',
      expect.stringContaining('looks like settings or YAML'),
    ],
    [
      'YAML behind its mark',
      '---\n- quote: Rain falls.\n  author: Ada Quill\n- quote: Doors.\n  author: Bo\n',
      expect.stringContaining('looks like settings or YAML'),
    ],
    [
      'authors on lines of their own',
      `"${RAIN}"\n- Ada Quill\n\n"${DOOR}"\n- Bo Ferris\n`,
      expect.stringContaining('has authors on lines of their own'),
    ],
    [
      'quotes in Markdown',
      `> ${RAIN}\n>\n> — Ada Quill\n\n> ${DOOR}\n>\n> — Bo Ferris\n`,
      expect.stringContaining('looks like Markdown'),
    ],
    [
      'a page in Markdown',
      '# Quotes\n\nA collection of quotes.\n\n## License\n\nMIT\n',
      expect.stringContaining('has headings or comments behind #'),
    ],
    ...['***', ' %', '---'].map((mark): [string, string, string] => [
      `${mark} between lines`,
      mark === '---' ? `${RAIN}\n${DOOR}\n---\n${RAIN}\n` : `${RAIN}\n${mark}\n${DOOR}\n`,
      expect.stringContaining('has lines of mere marks'),
    ]),
    [
      'a Chinese poem',
      '雨落下来，\n门开着，\n海在睡觉，山在等\n风吹过田野。\n',
      expect.stringContaining('running text or verse'),
    ],
    [
      'a table in quotes without a header',
      '"Rain, softly.","Ada Quill","life"\n"Doors.","Bo Ferris","home"\n',
      expect.stringContaining('is a table of 3 columns, the first row "Rain, softly.", "Ada'),
    ],
    [
      'a table without quotes and a header',
      `${RAIN},Ada Quill\n${DOOR},Bo Ferris\nThe sea sleeps.,Cy Moss\n`,
      expect.stringContaining('is a table of 2 columns'),
    ],
    [
      'a table with names that are not known',
      'Foo;Bar\nLa pioggia cade piano.;Ada Penna\nIl mare dorme.;Cy Monti\n',
      expect.stringContaining('is a table of 2 columns, the first row "Foo", "Bar"'),
    ],
    [
      'a table with a stray tab',
      'Nr\tSprichwort\tWer\n1\tRegen.\tAda\n2\tTür\toffen.\tBo\n3\tMeer.\tCy\n',
      expect.stringContaining('is a table of 3 columns, the first row "Nr", "Sprichwort", "Wer"'),
    ],
    [
      'a table with a stray comma',
      'id,proverb,author\n1,Rain falls.,Ada\n2,Doors, stay open.,Bo\n3,The sea.,Cy\n',
      expect.stringContaining('is a table of 3 columns, the first row "id", "proverb", "author"'),
    ],
    [
      'a table in quotes and a line that is none',
      '"Rain.","Ada"\n"Door.","Bo"\nSea, sleeps\n',
      expect.stringContaining('is a table of 2 columns'),
    ],
    [
      'a table of R',
      '"quote" "author"\n"1" "Rain falls." "Ada Quill"\n"2" "Doors." "Bo Ferris"\n',
      expect.stringContaining('looks like a table with blanks between quoted fields'),
    ],
    [
      'a table with a comment before its header',
      `# made by me\nquote,author\n${RAIN},Ada Quill\n${DOOR},Bo Ferris\n`,
      'has a line before the names of its columns, "# made by me": take it away',
    ],
    ['columns of the same name', 'quote,quote\none,two\n', 'has two columns "quote": rename one'],
  ])('%s', async (_what, content, message) => {
    expect(await problem(write('file', content))).toEqual(message);
  });

  it('users without their columns', async () => {
    expect(await problem(write('file', 'one\n'), {}, userRows)).toBe(
      'was taken for one quote a line, but columns are needed: id, name, password',
    );
  });
});

describe('what the user tells', () => {
  it('goes before what columns are called', async () => {
    const path = write('file', `text,quote,by,lang\n${RAIN},q,Ada Quill,tlh?\n`);
    const map = new Map([
      ['quote', 'TEXT'],
      ['lang', ''],
    ]);

    expect(await read(path, { map })).toEqual({
      taken:
        'CSV with commas, UTF-8; quote from "text", author from "by"; not imported: quote, lang',
      rows: [ada],
      refused: [],
    });
  });

  it('names columns by number where they have no names', async () => {
    const path = write('file', `7|Ada Quill|${RAIN}\n8|Bo Ferris|${DOOR}\n`);
    const map = new Map([
      ['quote', '3'],
      ['author', '2'],
    ]);

    expect((await read(path, { map })).rows).toEqual(both);
    const uneven = write('uneven', `7|Ada Quill|${RAIN}\n8|Bo Ferris|${DOOR}\n9|Cy|A | bar.\n`);
    expect(await read(uneven, { map })).toMatchObject({
      rows: both,
      refused: ['3: has 4 fields where the header has 3'],
    });
  });

  it('is refused when the file has no such column', async () => {
    const path = write('file', `quote,by\n${RAIN},Ada Quill\n`);

    expect(await problem(path, { map: new Map([['author', 'who']]) })).toBe(
      'was taken for CSV with commas, and has no column "who"; it has "quote", "by"',
    );
  });

  it('names columns of a table without rows', async () => {
    const path = write('file', 'quote,author\n');

    expect((await read(path, { map: new Map([['quote', 'quote']]) })).rows).toEqual([]);
  });

  it('is refused when the file has no columns', async () => {
    expect(await problem(write('file', `${RAIN}\n`), { map: new Map([['quote', 'text']]) })).toBe(
      'was taken for one quote a line, and has no column "text"; it has none',
    );
  });

  it('decides what lines are', async () => {
    expect((await read(write('file', VERSE.join('\n')), { format: 'lines' })).rows).toEqual(
      quoted(VERSE),
    );
  });

  it('decides whether authors are in the texts', async () => {
    const more = `Five. (Ada Quill)\nOne.\nTwo.\n`;
    const path = write('file', `${RAIN}\n${DOOR} (Bo Ferris)\n${more}`);

    expect((await read(path)).rows).toEqual(
      quoted([RAIN, `${DOOR} (Bo Ferris)`, ...more.trim().split('\n')]),
    );
    expect((await read(path, { attribution: true })).rows).toContainEqual(bo);
    const plain = write('plain', `${RAIN} (Ada Quill)\n${DOOR} (Bo Ferris)\n`);
    expect((await read(plain, { attribution: false })).rows).toContainEqual({
      quote: `${RAIN} (Ada Quill)`,
    });
  });
});

describe('refused rows', () => {
  it('name the column and the character', async () => {
    const path = write(
      'file',
      `text,author,tags\na\u0007b,Ada,\nfine,${'x'.repeat(101)},\nfine,Ada,a\u009bb\n`,
    );

    expect((await read(path)).refused).toEqual([
      '2: quote (column "text") must hold readable characters and no control characters: ' +
        'character 2 is U+0007',
      '3: author must have at most 100 characters',
      '4: tags must hold readable characters and no control characters: character 2 is U+009B',
    ]);
  });

  it('with a quote out of place do not change how the others are read', async () => {
    const path = write('file', `quote,author\n"Rain",Ada\n"No "no" at all",Bo\n"Snow",Cy\n`);

    expect(await read(path)).toMatchObject({
      rows: [
        { quote: 'Rain', author: 'Ada' },
        { quote: 'Snow', author: 'Cy' },
      ],
      refused: ['3: has a quote out of place'],
    });
  });

  it('are those of a time table with more fields', async () => {
    const row = (time: string, text: string) => `${time}|past noon|${text}|Letters|Ada Quill|sfw\n`;
    const rows = [row('12:05', RAIN), row('12:06', 'At six | rain.'), row('12:07', DOOR)];

    expect(await read(write('file', rows.join('')))).toMatchObject({
      rows: [{ quote: RAIN }, { quote: DOOR }],
      refused: ['2: has 7 fields where the header has 6'],
    });
  });

  it('are what is no row in a JSON list, at its beginning too', async () => {
    expect(await read(write('file', `[null,{"quote":"${RAIN}"}]`))).toMatchObject({
      rows: quoted([RAIN]),
      refused: ['1: must be an object'],
    });
  });

  it('are what a JSON object has behind its beginning that may be rows', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => ({ quote: `${RAIN} ${i}` }));
    const path = write(
      'file',
      JSON.stringify({ old: ['x'], life: { quotes: many }, love: { quotes: [DOOR] }, n: [1] }),
    );
    const { rows, refused } = await read(path);

    expect(rows).toHaveLength(many.length);
    expect(refused).toEqual(['1: is beside the rows, as "love", and was not read']);
  });

  it('cost no others', async () => {
    const path = write(
      'file',
      `[{"quote":"one"},\n{"quote":7},\n{"quote": two},\n8,\n{"quote":"three"}`,
    );

    expect(await read(path)).toEqual({
      taken: 'a JSON list, UTF-8; quote',
      rows: quoted(['one', 'three']),
      refused: [
        '2: quote must be a string',
        '3: is not valid JSON',
        '4: must be an object',
        '5: the file ends before its JSON is complete',
      ],
    });
  });
});

describe('folders', () => {
  beforeAll(() => {
    mkdirSync(join(folder, 'all/inner/deep'), { recursive: true });
    write('all/b.txt', 'Bo.\n');
    write('all/a.json', '["Ada."]');
    write('all/.hidden', 'Hidden.\n');
    write('all/page.html', '<html></html>');
    symlinkSync('..', join(folder, 'all/inner/deep/back'));
    write('all/inner/deep/c.csv', 'quote\nCy.\n');
  });

  const inspect = async (...paths: string[]) => {
    const { sources, notes } = await inspectSources(
      paths.map((path) => join(folder, path)),
      quoteRows,
      DEFAULTS,
    );
    return {
      files: sources.map(({ path }) => path.replace(`${folder}/`, '')),
      notes: notes.map((note) => note.replace(`${folder}/`, '')),
    };
  };

  it('stand for all their files that are understood', async () => {
    expect(await inspect('all')).toEqual({
      files: ['all/a.json', 'all/b.txt', 'all/inner/deep/c.csv'],
      notes: ['all/page.html: is HTML or XML: save the quotes as CSV or JSON (skipped)'],
    });
  });

  it('of which only the index of a fortune file is there are told', async () => {
    write('lone.dat', Buffer.from([0, 0, 0, 2, 0, 0, 0, 1]));

    expect(await inspect('lone.dat')).toEqual({
      files: [],
      notes: ['lone.dat: is the index of a fortune file, which holds no quotes (skipped)'],
    });
  });

  it('are left out among files, as a pattern of the shell names them', async () => {
    expect(await inspect('all/a.json', 'all/b.txt', 'all/inner')).toEqual({
      files: ['all/a.json', 'all/b.txt'],
      notes: ['all/inner: is a folder (skipped); to import its files, name it alone'],
    });
  });
});
