import { globSync, readFileSync } from 'node:fs';

/**
 * Finds characters beyond Latin-1 in the bundles that `npm run build` made: V8 keeps a source that
 * has one of them in two bytes a character. The bundler escapes them in strings, but it cannot do
 * so in tagged templates: pages write them as HTML entities.
 * @returns a line of text for each of them
 */
export function wideCharacters(): string[] {
  return globSync('dist/apps/*/main.js').flatMap((file) =>
    Array.from(
      readFileSync(file, 'utf8').matchAll(/.{0,30}[^\0-\xff]/gu),
      ([text]) => `${file} has a character beyond Latin-1: ${text}`,
    ),
  );
}
