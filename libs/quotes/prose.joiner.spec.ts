import { joinWrapped } from './prose.joiner.ts';

const text = (...lines: string[]) => lines.join('\n');

describe('prose that was wrapped is joined', () => {
  it.each([
    [
      'by a machine',
      text(
        'Nobody who has ever carried a ladder through a narrow street at noon can',
        'believe that the world was made for people who are in a hurry to arrive',
        'somewhere else.',
      ),
      'Nobody who has ever carried a ladder through a narrow street at noon can believe that the ' +
        'world was made for people who are in a hurry to arrive somewhere else.',
    ],
    [
      'by hand, with a name at the beginning of a line',
      text(
        'I have it from the baker, who had it from the postman, that',
        'Mr. Ferris has bought a second ladder and does not know where',
        'to put it, now that the first one stands where it should.',
      ),
      'I have it from the baker, who had it from the postman, that Mr. Ferris has bought a ' +
        'second ladder and does not know where to put it, now that the first one stands where ' +
        'it should.',
    ],
    [
      'in two lines',
      text('The trouble with carrying a ladder is that one has to think of', 'both its ends.'),
      'The trouble with carrying a ladder is that one has to think of both its ends.',
    ],
    [
      'before a capital letter, in lines too long for verse',
      text('Whoever wants to know what a ladder is should have to carry one through', 'Paris.'),
      'Whoever wants to know what a ladder is should have to carry one through Paris.',
    ],
    [
      'after a hyphen, without a blank',
      text('A ladder is a piece of furniture that is of no use to a well-', 'meaning neighbour.'),
      'A ladder is a piece of furniture that is of no use to a well-meaning neighbour.',
    ],
    [
      'up to the end of each paragraph',
      text(
        'One should never lend a ladder to a neighbour who is in a',
        'hurry, and never ask for it back.',
        '',
        'One should never climb a ladder that was lent by somebody',
        'who is in a hurry.',
      ),
      text(
        'One should never lend a ladder to a neighbour who is in a hurry, and never ask for ' +
          'it back.',
        '',
        'One should never climb a ladder that was lent by somebody who is in a hurry.',
      ),
    ],
    [
      'up to a paragraph that begins with an indent',
      text(
        'One should never lend a ladder to a neighbour who is in a',
        'hurry, and never ask for it back until it is autumn and',
        'wet.',
        '\tA ladder that was lent by somebody who is in a hurry',
        'should not be climbed.',
      ),
      text(
        'One should never lend a ladder to a neighbour who is in a hurry, and never ask for it ' +
          'back until it is autumn and wet.',
        '\tA ladder that was lent by somebody who is in a hurry should not be climbed.',
      ),
    ],
    [
      'in each item of a list',
      text(
        '1. Carry the ladder upright, if the ceilings of the house',
        'are as high as it is.',
        '2. Carry it flat, if the corners of the house are as wide',
        'as it is long.',
      ),
      text(
        '1. Carry the ladder upright, if the ceilings of the house are as high as it is.',
        '2. Carry it flat, if the corners of the house are as wide as it is long.',
      ),
    ],
  ])('%s', (_how, wrapped, joined) => {
    expect(joinWrapped(wrapped)).toBe(joined);
  });
});

describe('lines stay as they are', () => {
  it.each([
    ['of one line', 'A ladder.'],
    [
      'of rhymed verse',
      text(
        'The kettle sings upon the stove, the window weeps with rain,',
        'And nobody is late tonight, and nobody in pain;',
        'The cat has found the only chair that has a cushion still,',
        'And sleeps as only those can sleep who never had a will.',
      ),
    ],
    [
      'of verse in which sentences end in mid-line',
      text(
        'The rain has stopped. I hear the gutter drip',
        'Its last few words. And then the street begins:',
        'A door, a dog, a bicycle. I sip',
        'My tea and count my neighbours and their sins.',
      ),
    ],
    [
      'of free verse in small letters',
      text(
        'rain again, and the letters',
        'that it writes on every window of this long and patient house,',
        'unread,',
        'as always, by the one they were for',
      ),
    ],
    [
      'of alexandrines',
      text(
        'La pluie écrit son nom sur le verre des fenêtres,',
        'Et nul ne sait le lire, et nul ne sait pourquoi',
        'Le chat, sur son coussin, médite sur les maîtres',
        'Qui parlent de partir et qui restent chez soi.',
      ),
    ],
    [
      'of verse whose every second line is indented',
      text(
        'Rain, which has never asked a window whether it may write,',
        '  writes what it wants to say, and every letter is an end.',
        'Rain, which has never asked a letter whether it is right,',
        '  runs down the pane to ask the gutter for another friend.',
      ),
    ],
    [
      'of haiku',
      text('rain on the window', 'the cat has found the one chair', 'that nobody wants'),
    ],
    [
      'of a couplet',
      text(
        'Who lends his ladder to a man in haste',
        'Will find the ladder, and the man, misplaced.',
      ),
    ],
    [
      'of a couplet in long lines',
      text(
        'You can lend a ladder to a neighbour, you can lend it to a friend,',
        'You can lend it to the baker, and you never will see its end.',
      ),
    ],
    [
      'of sentences, each as long as a line can be',
      text(
        'A ladder that is lent on a Monday is a ladder that is gone on a Friday.',
        'A neighbour who asks for it twice is a neighbour who has it already.',
        'Whoever has two of them has one to lend and another one to look for.',
      ),
    ],
    [
      'of a dialogue in long lines',
      text(
        'Ada: Have you seen the ladder that I lent to you in the autumn of the year',
        'before the last one?',
        'Bo: I have seen it every day since then, whenever I opened the door of the',
        'cellar.',
      ).replaceAll(/\n(?=[bc])/g, ' '),
    ],
    [
      'of a dialogue',
      text(
        'Ada: Have you seen the ladder that I lent to you last autumn?',
        'Bo: I have.',
        'Ada: Where is it, if I may ask you that at this late hour?',
        'Bo: Under me.',
      ),
    ],
    [
      'of a table',
      text(
        'ladder      one      under the window of the second floor',
        'cat         two      on chairs',
      ),
    ],
    ['of Chinese', text('雨在每一扇窗上写信，', '没有人读。')],
  ])('%s', (_what, verse) => {
    expect(joinWrapped(verse)).toBe(verse);
  });
});
