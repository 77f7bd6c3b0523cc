/** A day of the calendar somewhere. */
export interface LocalDay {
  /** As `2026-11-27`. */
  date: string;
  /** Its first instant, in milliseconds since 1970. */
  start: number;
  /** The first instant of the next day, in milliseconds since 1970. */
  end: number;
}

/** No day is longer, even where a place has moved to the other side of the date line. */
const MAX_DAY_MS = 49 * 3_600_000;

/** Names of IANA begin with a letter, whereas Intl also takes offsets such as +01:00. */
const NAME = /^[A-Za-z][\w+/-]{0,63}$/;

/**
 * Names that Intl takes from ICU, and IANA does not have: the abbreviations of the first Java, most
 * of which are ambiguous, the zones of System V, and two that IANA has withdrawn.
 */
const ICU_NAME = new RegExp(
  `^(?:${[
    'ACT|AET|AGT|ART|AST|BET|BST|CAT|CNT|CST|CTT|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|PNT|PRT|PST',
    'SST|VST|SystemV/.*|US/Pacific-New|Canada/East-Saskatchewan',
  ].join('|')})$`,
  'i',
);

/**
 * The day of each time zone that was asked for last, by the name in lower case, so that a day is
 * looked for once. IANA has some 600 names.
 */
const days = new Map<string, LocalDay>();

/** Whether a text is the name of a time zone of IANA, in any case. */
export function isTimeZone(name: string): boolean {
  if (!NAME.test(name) || ICU_NAME.test(name)) return false;
  try {
    localDay(name, Date.now());
    return true;
  } catch {
    return false;
  }
}

/**
 * The day on which an instant falls. Where clocks are changed at midnight a day may begin at 01:00.
 * @param timeZone name of IANA
 * @param now milliseconds since 1970
 * @throws RangeError when there is no such time zone
 */
export function localDay(timeZone: string, now: number): LocalDay {
  const name = timeZone.toLowerCase();
  const known = days.get(name);
  if (known && known.start <= now && now < known.end) return known;
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  const dateAt = (instant: number) => {
    const parts = format.formatToParts(instant).map(({ type, value }) => [type, value]);
    const { year, month, day } = Object.fromEntries(parts);
    return `${year}-${month}-${day}`;
  };
  const date = dateAt(now);
  const day = {
    date,
    start: firstInstant(now - MAX_DAY_MS, now, (instant) => dateAt(instant) >= date),
    end: firstInstant(now, now + MAX_DAY_MS, (instant) => dateAt(instant) > date),
  };
  days.set(name, day);
  return day;
}

/** The first instant after `before` at which something holds; it holds from then on till `by`. */
function firstInstant(before: number, by: number, holds: (instant: number) => boolean): number {
  let [last, first] = [before, by];
  while (first - last > 1) {
    const middle = Math.floor((last + first) / 2);
    if (holds(middle)) first = middle;
    else last = middle;
  }
  return first;
}
