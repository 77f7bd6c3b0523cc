import { z } from 'zod';

/** The languages of ISO 639-1. */
const TWO_LETTER_CODES = new Set(
  [
    'aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da',
    'de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy',
    'hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg',
    'li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or',
    'os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta',
    'te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu',
  ].flatMap((codes) => codes.split(' ')),
);

/**
 * A language as a code of ISO 639: of two letters, or of three where there is no shorter one. Other
 * codes of the same language become that one, so that `eng`, `EN` and `en` are one language. The
 * 7,000 codes of three letters are not looked up.
 */
export const languageSchema = z
  .string('must be a string')
  .trim()
  .overwrite((code) =>
    /^[a-z]{2,3}$/i.test(code) ? (Intl.getCanonicalLocales(code)[0] ?? code) : code,
  )
  .refine(
    (code) => TWO_LETTER_CODES.has(code) || /^[a-z]{3}$/.test(code),
    'must be a code of ISO 639, such as en',
  )
  .meta({ minLength: 2, maxLength: 3, example: 'fr' });
