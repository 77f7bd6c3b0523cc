import {
  add,
  type Cart,
  type CartLine,
  emptyCart,
  MAX_CART_LINES,
  MAX_LINE_QUANTITY,
  readCart,
  setQuantity,
  writeCart,
} from './cart.ts';

const line = (quantity: number, quote_id = '7', print: CartLine['print'] = 'mug'): CartLine => ({
  quote_id,
  print,
  quantity,
});
const cartOf = (...lines: CartLine[]): Cart => ({ ...emptyCart(), lines });

describe('a cart', () => {
  it('adds up the same print, and keeps different ones apart', () => {
    const cart = [line(2), line(3), line(1, '7', 'card'), line(1, '8')].reduce(add, emptyCart());
    expect(cart.lines).toEqual([line(5), line(1, '7', 'card'), line(1, '8')]);
  });

  it('holds no more than its limits', () => {
    expect(add(cartOf(line(MAX_LINE_QUANTITY)), line(1)).lines).toEqual([line(MAX_LINE_QUANTITY)]);
    const full = cartOf(
      ...Array.from({ length: MAX_CART_LINES }, (_, i) => line(1, String(i + 1))),
    );
    expect(add(full, line(1, '999'))).toEqual(full);
  });

  it('changes a line in its place, and drops it at zero', () => {
    const cart = cartOf(line(1, '1'), line(1, '2'), line(1, '3'));
    expect(setQuantity(cart, line(4, '2')).lines).toEqual([
      line(1, '1'),
      line(4, '2'),
      line(1, '3'),
    ]);
    expect(setQuantity(cart, line(0, '2')).lines).toEqual([line(1, '1'), line(1, '3')]);
  });

  it('comes back from its cookie as it was', () => {
    const cart = cartOf(line(2), line(20, '1763740800000000', 'poster'));
    expect(readCart(writeCart(cart))).toEqual(cart);
  });

  it.each([
    '7-mug-0',
    '7-mug-21',
    '7-mug-1e0',
    '7-mug-NaN',
    '7-shirt-1',
    '../x-mug-1',
    '',
    '7-mug',
  ])('drops a line "%s"', (text) => {
    const { id } = emptyCart();
    expect(readCart(`${id}.${text}.8-card-1`)).toEqual({ id, lines: [line(1, '8', 'card')] });
  });

  it('is a new one when its cookie has no id', () => {
    expect(readCart('short.7-mug-1').lines).toEqual([]);
  });
});
