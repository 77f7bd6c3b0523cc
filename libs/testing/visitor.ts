import { type Answer, call, succeeded } from './http-client.ts';
import type { ServiceProcess } from './service-process.ts';

/** A visitor of the shop: a browser without scripts, with nothing but cookies and forms. */
export class Visitor {
  readonly cookies = new Map<string, string>();
  private readonly shop: Pick<ServiceProcess, 'url'>;

  constructor(shop: Pick<ServiceProcess, 'url'>) {
    this.shop = shop;
  }

  /** Reads a page. */
  get(path: string): Promise<Answer> {
    return this.send(`GET ${path}`);
  }

  /** Sends the form of a page with its token; the answer is usually a redirection. */
  async submit(page: string, action: string, fields: Record<string, string>): Promise<Answer> {
    return this.post(action, { _token: await this.token(page), ...fields });
  }

  /**
   * The token in the forms of a page.
   * @throws Error when the page has no form
   */
  async token(page: string): Promise<string> {
    const { status, body } = await this.get(page);
    const [, token] = /name="_token" value="([^"]+)"/.exec(body) ?? [];
    if (token === undefined) throw new Error(`${page} answered ${status}, without a form: ${body}`);
    return token;
  }

  /** Sends a form as it is. */
  post(action: string, fields: Record<string, string> | [string, string][]): Promise<Answer> {
    return this.send(`POST ${action}`, new URLSearchParams(fields).toString());
  }

  /**
   * Puts prints of a quote into the cart.
   * @throws Error when the shop refuses
   */
  async addToCart(quoteId: string, print = 'mug', quantity = 1): Promise<Answer> {
    const fields = { quote_id: quoteId, print, quantity: String(quantity) };
    return succeeded(await this.submit(`/products/${quoteId}`, '/cart', fields));
  }

  /** Goes to the payment page, if the shop lets it. */
  checkOut(email = 'tintin@moulinsart.example'): Promise<Answer> {
    return this.submit('/checkout', '/checkout', { email });
  }

  /**
   * Buys a mug up to the payment page, and answers with the buyer's token.
   * @throws Error when the shop refuses
   */
  async order(quoteId: string): Promise<string> {
    await this.addToCart(quoteId);
    return tokenIn(succeeded(await this.checkOut()));
  }

  private async send(target: string, form?: string): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await call(this.shop, target, {
      headers: { accept: 'text/html', ...(cookie !== '' && { cookie }) },
      ...(form !== undefined && { form }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }
}

/** The buyer's token in the address that an answer leads to. */
export function tokenIn(answer: Answer): string {
  return answer.headers.get('location')?.split('/').at(-1) ?? '';
}
