import { isTimeZone, localDay } from './local.day.ts';

const HOUR = 3_600_000;

/** The day in a time zone at an instant, with its ends as texts. */
function dayAt(timeZone: string, instant: string) {
  const { date, start, end } = localDay(timeZone, Date.parse(instant));
  return [date, new Date(start).toISOString(), new Date(end).toISOString()];
}

it.each([
  ['UTC', '2026-11-27T20:15:00.123Z', '2026-11-27', '2026-11-27T00:00', '2026-11-28T00:00'],
  // A day of 23 hours, and one of 25.
  ['Europe/Paris', '2026-03-29T12:00Z', '2026-03-29', '2026-03-28T23:00', '2026-03-29T22:00'],
  ['Europe/Paris', '2026-10-25T22:59Z', '2026-10-25', '2026-10-24T22:00', '2026-10-25T23:00'],
  ['America/New_York', '2026-03-08T12:00Z', '2026-03-08', '2026-03-08T05:00', '2026-03-09T04:00'],
  ['America/New_York', '2026-11-01T12:00Z', '2026-11-01', '2026-11-01T04:00', '2026-11-02T05:00'],
  // The hour that comes twice belongs to one day.
  ['America/New_York', '2026-11-01T05:30Z', '2026-11-01', '2026-11-01T04:00', '2026-11-02T05:00'],
  ['America/New_York', '2026-11-01T06:30Z', '2026-11-01', '2026-11-01T04:00', '2026-11-02T05:00'],
  ['Asia/Kathmandu', '2026-11-27T18:14:59Z', '2026-11-27', '2026-11-26T18:15', '2026-11-27T18:15'],
  ['Asia/Kathmandu', '2026-11-27T18:15:00Z', '2026-11-28', '2026-11-27T18:15', '2026-11-28T18:15'],
  // Clocks go from 24:00 to 01:00, so that the day has no midnight.
  ['Africa/Cairo', '2026-04-24T12:00Z', '2026-04-24', '2026-04-23T22:00', '2026-04-24T21:00'],
  // Midnight comes twice, and belongs to one day.
  ['America/Havana', '2026-11-01T05:30Z', '2026-11-01', '2026-11-01T04:00', '2026-11-02T05:00'],
  [
    'Australia/Lord_Howe',
    '2026-04-05T12:00Z',
    '2026-04-05',
    '2026-04-04T13:00',
    '2026-04-05T13:30',
  ],
  // There was no 30 December.
  ['Pacific/Apia', '2011-12-30T09:00Z', '2011-12-29', '2011-12-29T10:00', '2011-12-30T10:00'],
  ['Pacific/Apia', '2011-12-30T10:00Z', '2011-12-31', '2011-12-30T10:00', '2011-12-31T10:00'],
  // A day of 47 hours: clocks went back by 23.
  ['Pacific/Kwajalein', '1969-09-29T13:00Z', '1969-09-30', '1969-09-29T13:00', '1969-10-01T12:00'],
  ['Pacific/Kiritimati', '2026-11-27T10:00Z', '2026-11-28', '2026-11-27T10:00', '2026-11-28T10:00'],
])('in %s at %s it is %s', (timeZone, instant, date, start, end) => {
  expect(dayAt(timeZone, instant)).toEqual([date, `${start}:00.000Z`, `${end}:00.000Z`]);
});

it('goes on to the next day at its end, and not before', () => {
  const zones = Intl.supportedValuesOf('timeZone');
  expect(zones.length).toBeGreaterThan(400);
  for (const zone of zones) {
    let day = localDay(zone, Date.parse('2026-01-01T00:00:00Z'));
    for (let i = 0; i < 2; i += 1) {
      expect(localDay(zone, day.end - 1)).toEqual(day);
      const next = localDay(zone, day.end);
      expect(next.start).toBe(day.end);
      expect(next.date > day.date).toBe(true);
      expect((next.end - next.start) % (HOUR / 2)).toBe(0);
      day = next;
    }
  }
});

it.each([
  ['Europe/Paris', true],
  ['europe/paris', true],
  ['Asia/Calcutta', true],
  ['Etc/GMT+5', true],
  ['America/Argentina/ComodRivadavia', true],
  ['Europe/Mars', false],
  ['+01:00', false],
  ['', false],
  ['Europe/Paris ', false],
  ['x'.repeat(65), false],
  ['Systemv/AST4', false],
  ['SystemV/PST8PDT', false],
  ['US/Pacific-New', false],
  ['Canada/East-Saskatchewan', false],
])('knows whether %j is a time zone: %s', (name, known) => {
  expect(isTimeZone(name)).toBe(known);
});

it('takes of all names without a place those of IANA', () => {
  // Those of the database that are not for the whole world or a place in it.
  const names = [
    'CET CST6CDT Cuba EET EST EST5EDT Egypt Eire GB GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST',
    'Hongkong Iceland Iran Israel Jamaica Japan Kwajalein Libya MET MST MST7MDT NZ NZ-CHAT Navajo',
    'PRC PST8PDT Poland Portugal ROC ROK Singapore Turkey UCT UTC Universal W-SU WET Zulu',
  ].flatMap((line) => line.split(' '));
  expect(names.filter((name) => !isTimeZone(name))).toEqual([]);

  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const abbreviations = letters.flatMap((a) =>
    letters.flatMap((b) => letters.map((c) => a + b + c)),
  );
  const taken = abbreviations.filter((name) => isTimeZone(name));
  expect(taken).toEqual(names.filter((name) => /^[A-Z]{3}$/.test(name)).sort());
  expect(taken.filter((name) => !isTimeZone(name.toLowerCase()))).toEqual([]);
  expect(['pst', 'Ist', 'aCT'].filter(isTimeZone)).toEqual([]);
});
