// Cuts SQL text into statements at semicolons outside strings, quoted names, dollar quotes and comments.
export function splitStatements(text: string): string[] {
  const found: string[] = [];
  let start = 0;
  let i = 0;
  const skipTo = (end: string, from: number) => {
    const at = text.indexOf(end, from);
    return at < 0 ? text.length : at + end.length;
  };
  while (i < text.length) {
    const c = text[i];
    if (c === "'" || c === '"') {
      i = skipQuoted(text, i);
    } else if (text.startsWith('--', i)) {
      i = skipTo('\n', i);
    } else if (text.startsWith('/*', i)) {
      i = skipComment(text, i);
    } else if (c === '$') {
      const tag = /^\$([A-Za-z_][A-Za-z_0-9]*)?\$/.exec(text.slice(i))?.[0];
      i = tag !== undefined ? skipTo(tag, i + tag.length) : i + 1;
    } else if (c === ';') {
      found.push(text.slice(start, i));
      start = ++i;
    } else {
      i++;
    }
  }
  found.push(text.slice(start));
  return found.map((s) => s.trim()).filter((s) => stripComments(s) !== '');
}

// Behind the closing quote; doubled quotes stay inside, and so do escaped ones of E'…'.
function skipQuoted(text: string, from: number): number {
  const quote = text[from];
  const escapes = quote === "'" && /[eE]/.test(text[from - 1] ?? '') && !/\w/.test(text[from - 2] ?? '');
  let i = from + 1;
  while (i < text.length) {
    if (escapes && text[i] === '\\') i += 2;
    else if (text[i] !== quote) i++;
    else if (text[i + 1] === quote) i += 2;
    else return i + 1;
  }
  return text.length;
}

// Comments nest.
function skipComment(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text.startsWith('/*', i)) {
      depth++;
      i++;
    } else if (text.startsWith('*/', i)) {
      i++;
      if (--depth === 0) return i + 1;
    }
  }
  return text.length;
}

function stripComments(s: string): string {
  return s.replace(/--[^\n]*/g, '').replace(/\/\*[\s\S]*?\*\//g, '').trim();
}
