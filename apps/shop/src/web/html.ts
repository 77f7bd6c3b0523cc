import { escapeHtml } from '#libs/schema/html.escape.ts';

/** HTML that may be put into a page as it is. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Html | undefined | false | readonly Value[];

/**
 * Template tag for HTML. What is put in is escaped for text and quoted attributes (OWASP XSS
 * prevention, rules 1 and 2), unless it is {@link Html} itself. Lists are joined; `undefined` and
 * `false` are nothing.
 */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  return new Html(strings.reduce((text, string, i) => text + render(values[i - 1]) + string));
}

function render(value: Value): string {
  if (value instanceof Html) return value.text;
  if (value === undefined || value === false) return '';
  if (typeof value === 'object') return value.map(render).join('');
  return escapeHtml(String(value));
}
