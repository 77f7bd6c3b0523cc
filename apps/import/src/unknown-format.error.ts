/** A file that is not understood; the message says what it is, and what to do. */
export class UnknownFormatError extends Error {}

/** Names as a message shows them: in quotation marks, and none longer than 40 characters. */
export const quotedNames = (names: readonly string[]) =>
  names.map((name) => JSON.stringify(name.length > 40 ? `${name.slice(0, 39)}…` : name)).join(', ');
