import type { Column } from './column.mapper.ts';

const MAX_TAGS = 10;
const MAX_TAG_CHARACTERS = 32;

/** The names of columns in English, French, German, Spanish, Italian and Portuguese. */
export const QUOTE_COLUMNS: readonly Column[] = [
  {
    field: 'quote',
    required: true,
    names: (
      'quote quotetext quotation text content body q saying citation zitat spruch cita citazione ' +
      'citacao frase texte testo texto message msg hitokoto phrase'
    ).split(' '),
  },
  {
    field: 'author',
    required: false,
    names: (
      'author quoteauthor authorname by fromwho who speaker character person name a from auteur ' +
      'autor autore autrice verfasser nom nome nombre'
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

/** The columns of users, which have no other names. */
export const USER_COLUMNS: readonly Column[] = ['id', 'name', 'password'].map((field) => ({
  field,
  required: true,
  names: [field],
}));

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
 * list. Of more than ten the first ten stay, and one that is too long goes: a quote is worth more
 * than all its tags.
 */
function readTags(value: unknown): unknown {
  const list = typeof value === 'string' ? splitTags(value) : value;
  if (!Array.isArray(list) || !list.every((tag) => typeof tag === 'string'))
    return list ?? undefined;
  const tags = new Set(list.map((tag: string) => tag.trim().toLowerCase().replace(/^#/, '')));
  const fitting = [...tags].filter((tag) => tag !== '' && [...tag].length <= MAX_TAG_CHARACTERS);
  return fitting.length > 0 ? fitting.slice(0, MAX_TAGS) : undefined;
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
