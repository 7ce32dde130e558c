// What XML 1.0 has no place for, even escaped: control characters, halves of pairs, U+FFFE and U+FFFF. A name out of a
// study may hold any of them; a file that does is no SVG.
const kForbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export const withoutForbidden = (text: string) => text.replace(kForbidden, '\ufffd');
