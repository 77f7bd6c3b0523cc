import { heldTag } from './response.negotiation.ts';

const TAG = '"0123456789ab-_yz"';
const BROTLI = '"0123456789ab-_yz-br"';
const GZIP = '"0123456789ab-_yz-gzip"';

describe('heldTag', () => {
  it.each([
    ['the tag', TAG, TAG],
    ['any', ' * ', GZIP],
    ['a weak tag', `W/${TAG}`, TAG],
    ['the tag of the coding that would be sent', GZIP, GZIP],
    ['the tag of another coding', BROTLI, BROTLI],
    ['a list', `"other", ${TAG}, ${GZIP}`, GZIP],
    ['another tag', '"0123456789ab-_yZ"', undefined],
    ['a longer tag', '"x0123456789ab-_yz"', undefined],
    ['a tag without its marks', TAG.slice(1, -1), undefined],
    ['nothing', '', undefined],
  ])('finds %s', (_name, field, held) => {
    expect(heldTag(field, TAG, 'gzip')).toBe(held);
  });
});
