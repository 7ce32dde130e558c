// Names out of a study as the page shows them: one that is very long is shortened, one that carries marks of writing
// direction is closed in itself, so that neither can spoil what stands beside it. Two names never become one: the
// second that would look like another is numbered. CSV files get the name as it is.

const kLongest = 160; // characters
// Hebrew to Arabic, their presentation forms, and the marks and overrides of direction.
const kDirection = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/;
const kMarks = /[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g;

const wholes = new Map<string, string>(); // shown to whole
const shown = new Map<string, string>();
const taken = new Set<string>(); // what readers see of every name, without marks

const isPlain = (name: string) => name.length <= kLongest && !kDirection.test(name);

// A plain name is shown as it is, wherever it comes: no other may look like it.
export function keepName(name: string): string {
  if (isPlain(name)) taken.add(name);
  return name;
}

function unlike(text: string): string {
  for (let n = 1; ; ++n) {
    const one = n > 1 ? `${text} (${n})` : text;
    if (!taken.has(one)) return one;
  }
}

export function showName(name: string): string {
  if (isPlain(name) || wholes.has(name)) return name; // the second: shown already
  const known = shown.get(name);
  if (known !== undefined) return known;
  const short = name.length > kLongest ? `${[...name.slice(0, 120)].slice(0, 100).join('')}…${[...name.slice(-40)].slice(-20).join('')}` : name;
  const bare = unlike(short.replace(kMarks, ''));
  taken.add(bare);
  // First-strong isolate to pop: what the name opens inside ends with it. Its own marks would only close it early.
  const text = kDirection.test(short) ? `\u2068${bare}\u2069` : bare;
  wholes.set(text, name);
  shown.set(name, text);
  return text;
}

export const wholeName = (text: string): string => wholes.get(text) ?? text;
// What was shortened, for the page's end.
export const shortenedNames = (): [shown: string, whole: string][] => [...wholes].filter(([, whole]) => whole.length > kLongest);
