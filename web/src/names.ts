// Names out of a study as the page shows them: one that is very long is shortened, one that carries marks of writing
// direction is closed in itself, so that neither can spoil what stands beside it. CSV files get the name as it is.

const kLongest = 160; // characters
// Hebrew to Arabic, their presentation forms, and the marks and overrides of direction.
const kDirection = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/;
const kMarks = /[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g;

const wholes = new Map<string, string>(); // shown to whole
const shown = new Map<string, string>();

function shortened(name: string): string {
  const [head, tail] = [[...name.slice(0, 120)].slice(0, 100).join(''), [...name.slice(-40)].slice(-20).join('')];
  for (let n = 1; ; ++n) {
    const short = `${head}…${tail}${n > 1 ? ` (${n})` : ''}`;
    if (!wholes.has(short)) return short;
  }
}

export function showName(name: string): string {
  if (name.length <= kLongest && !kDirection.test(name)) return name;
  const known = shown.get(name);
  if (known !== undefined) return known;
  const short = name.length > kLongest ? shortened(name) : name;
  // First-strong isolate to pop: what the name opens inside ends with it. Its own marks would only close it early.
  const text = kDirection.test(short) ? `\u2068${short.replace(kMarks, '')}\u2069` : short;
  wholes.set(text, name);
  shown.set(name, text);
  return text;
}

export const wholeName = (text: string): string => wholes.get(text) ?? text;
// What was shortened, for the page's end.
export const shortenedNames = (): [shown: string, whole: string][] => [...wholes].filter(([, whole]) => whole.length > kLongest);
