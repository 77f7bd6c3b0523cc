import { MAX_TAG_CHARACTERS, MAX_TAGS } from '#libs/quotes/quote.schema.ts';
import { codePoints } from '#libs/schema/text.schema.ts';
import type { Column } from './column.mapper.ts';

/** The names of columns in English, French, German, Spanish, Italian and Portuguese. */
export const QUOTE_COLUMNS: readonly Column[] = [
  {
    field: 'quote',
    required: true,
    names: (
      'quote quotetext quotation text content body q saying citation zitat spruch cita citazione ' +
      'citacao frase texte testo texto message msg hitokoto phrase ' +
      'quotes quotations sayings citations zitate sprueche citas citazioni frases frasi aforisma ' +
      'aforismi'
    ).split(' '),
  },
  {
    field: 'author',
    required: false,
    names: (
      'author quoteauthor authorname by fromwho who speaker character person name a from auteur ' +
      'autor autore autrice verfasser nom nome nombre authors auteurs autoren autores autori'
    ).split(' '),
    read: readAuthor,
  },
  {
    field: 'source',
    required: false,
    names: (
      'source work book booktitle title movie film series play publication origin from oeuvre ' +
      'ouvrage livre titre quelle werk buch titel fuente obra libro titulo fonte opera titolo livro'
    ).split(' '),
    read: readText,
  },
  {
    field: 'lang',
    required: false,
    names: 'lang language langue sprache idioma lengua lingua locale'.split(' '),
    read: readLanguage,
  },
  {
    field: 'tags',
    required: false,
    names: (
      'tags tag categories category genres genre topics topic keywords keyword labels subject ' +
      'theme motscles categorie schlagworte schlagworter stichworte kategorie thema etiquetas ' +
      'categoria temas tema etichette categorias'
    ).split(' '),
    read: readTags,
  },
  { field: 'user_id', required: false, names: ['user_id'] },
];

/** A column that has no other names. */
const only = (field: string, required: boolean, read?: Column['read']): Column => ({
  field,
  required,
  names: [field],
  ...(read && { read }),
});

/** The columns of quotes that keep their ids. Their values are taken as an export writes them. */
export const KEPT_QUOTE_COLUMNS: readonly Column[] = [
  only('id', true, (id) => (typeof id === 'number' ? String(id) : id)),
  only('quote', true),
  ...['author', 'source', 'lang'].map((field) => only(field, false)),
  only('tags', false, (tags) => (typeof tags === 'string' ? splitTags(tags) : tags)),
  only('user_id', false),
  only('created_at', true),
  only('updated_at', false),
];

/** The columns of users. */
export const USER_COLUMNS: readonly Column[] = ['id', 'name', 'password'].map((field) =>
  only(field, true),
);

/** Nothing stands in a field that is empty or blank. */
function readText(value: unknown): unknown {
  return typeof value === 'string' && value.trim() === '' ? undefined : value;
}

function readAuthor(value: unknown): unknown {
  const isNamed = typeof value === 'object' && value !== null && 'name' in value;
  return readText(isNamed ? value.name : value);
}

/**
 * Tags are a list, or a text with commas, semicolons or bars between them, also as Python prints a
 * list.
 */
function readTags(value: unknown): unknown {
  const isText = (tag: unknown) => typeof tag === 'string' || typeof tag === 'number';
  const list = isText(value) ? splitTags(String(value)) : value;
  if (!Array.isArray(list) || !list.every(isText)) return list ?? undefined;
  const tags = new Set(list.map((tag) => String(tag).trim().toLowerCase().replace(/^#/, '')));
  tags.delete('');
  return tags.size > 0 ? [...tags] : undefined;
}

/**
 * A row with as many tags as a quote may have, and none that is too long, since a quote is worth
 * more than all its tags.
 */
export function trimTags(row: unknown): { row: unknown; isCut: boolean } {
  const tags: unknown = Object(row).tags;
  if (!Array.isArray(tags)) return { row, isCut: false };
  const isFitting = (tag: unknown) =>
    typeof tag !== 'string' || codePoints(tag) <= MAX_TAG_CHARACTERS;
  const fitting = tags.filter(isFitting).slice(0, MAX_TAGS);
  if (fitting.length === tags.length) return { row, isCut: false };
  return { row: { ...Object(row), tags: fitting }, isCut: true };
}

function splitTags(text: string): string[] {
  const list = /^\[(.*)\]$/s.exec(text.trim())?.[1];
  if (list === undefined) return text.split(/[,;|]/);
  return list.split(',').map((tag) => tag.trim().replace(/^(['"])(.*)\1$/s, '$2'));
}

/** A language is a code, also of a region (`en-GB`), or its name in English or in itself. */
function readLanguage(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? undefined;
  const name = value.trim().toLowerCase();
  if (name === '') return undefined;
  const code = /^([a-z]{2,3})(?:[-_][a-z0-9]+)*$/.exec(name)?.[1];
  return code ?? languageCodes().get(name) ?? value;
}

let codesByName: Map<string, string> | undefined;

/** Codes of two letters by the names of their languages, all of them in lower case. */
function languageCodes(): Map<string, string> {
  codesByName ??= new Map(everyPair().flatMap((code) => namesOf(code).map((name) => [name, code])));
  return codesByName;
}

function namesOf(code: string): string[] {
  return ['en', code].flatMap((locale) => {
    const names = new Intl.DisplayNames([locale], { type: 'language', fallback: 'none' });
    const name = names.of(code);
    return name ? [name.toLowerCase()] : [];
  });
}

function everyPair(): string[] {
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  return letters.flatMap((first) => letters.map((second) => first + second));
}
