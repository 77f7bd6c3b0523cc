import { spellingOf } from './spelling.ts';

it.each([
  ['as most places spell it', 'ecume', ['une écume, une ecume', 'cette écume'], 'écume'],
  ['with the case of a name', 'brest', ['Brest ! Brest', 'tonnerre de Brest'], 'Brest'],
  ['in lower case at the start of sentences', 'ecume', ['Écume. Écume'], 'écume'],
  ['not by the start of a sentence', 'freiheit', ['Freiheit', 'die Freiheit'], 'Freiheit'],
  ['without an elided article', 'amour', ['que l’amour'], 'amour'],
  ['as the term, when nothing spells it', 'amour', ['mer'], 'amour'],
])('spells %s', (_name, term, texts, expected) => {
  expect(spellingOf(term, texts)).toBe(expected);
});
