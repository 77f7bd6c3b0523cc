import { Html, html } from './html.ts';

describe('html', () => {
  it.each([
    ['markup', '<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['what would end an attribute', `" onclick='x'`, '&quot; onclick=&#39;x&#39;'],
    ['an entity', '&lt;', '&amp;lt;'],
  ])('escapes %s', (_name, value, escaped) => {
    expect(html`<p title="${value}">${value}</p>`.text).toBe(
      `<p title="${escaped}">${escaped}</p>`,
    );
  });

  it('leaves templates within templates alone, and escapes within lists', () => {
    expect(html`<ul>${['<', 'b'].map((item) => html`<li>${item}</li>`)}</ul>`.text).toBe(
      '<ul><li>&lt;</li><li>b</li></ul>',
    );
    expect(html`${['<', new Html('<br>')]}`.text).toBe('&lt;<br>');
  });

  it('shows nothing for nothing, and zero for zero', () => {
    expect(html`${undefined}${false}${0}`.text).toBe('0');
  });
});
