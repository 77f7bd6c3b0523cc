const FORMAT = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' });

/**
 * Formats an amount of money.
 * @param cents euro cents, a whole number
 */
export function money(cents: number): string {
  return FORMAT.format(cents / 100);
}
