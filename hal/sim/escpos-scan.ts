/**
 * Cuts a stream of ESC/POS into sequences without understanding them: enough to answer a status request in its place
 * and never to take picture bytes for one. (protocol/paper/escpos-read.ts reads what they mean.)
 */

export interface EscposScanner {
  /** Same bytes, same pieces, however they are cut; data behind a head comes as it arrives. */
  feed(bytes: string): EscposPiece[];
}

export type EscposPiece =
  | { readonly kind: "sequence"; readonly bytes: string }
  | { readonly kind: "data"; readonly bytes: string };

/** Bytes of a sequence by its first two; what is not here has two. */
const lengths: Readonly<Record<string, number>> = {
  "\x10\x04": 3,
  "\x10\x14": 5,
  "\x1b!": 3,
  "\x1b$": 4,
  "\x1b%": 3,
  "\x1b&": 5,
  "\x1b*": 5,
  "\x1b-": 3,
  "\x1b3": 3,
  "\x1b?": 3,
  "\x1bE": 3,
  "\x1bG": 3,
  "\x1bJ": 3,
  "\x1bM": 3,
  "\x1bR": 3,
  "\x1ba": 3,
  "\x1bd": 3,
  "\x1bp": 5,
  "\x1bt": 3,
  "\x1d!": 3,
  "\x1d(": 5,
  "\x1dB": 3,
  "\x1dH": 3,
  "\x1dL": 4,
  "\x1dV": 3,
  "\x1dW": 4,
  "\x1da": 3,
  "\x1dh": 3,
  "\x1dr": 3,
  "\x1dv": 8,
  "\x1dw": 3,
};

const leaders = "\x10\x1b\x1d";
const dataHeads: readonly string[] = ["\x1dv", "\x1d(", "\x1b*", "\x1b&"];

export function createEscposScanner(): EscposScanner {
  let partial = "";
  let dataLeft = 0;
  /** Characters of `ESC &` still to come, and the bytes of one column. */
  let glyphs = { left: 0, height: 0 };

  /** The sequence is whole: what data follows it? */
  function expectData(sequence: string): void {
    if (!dataHeads.includes(sequence.slice(0, 2))) return;
    const at = (index: number): number => sequence.charCodeAt(index);
    if (sequence.startsWith("\x1dv")) dataLeft = (at(4) + at(5) * 256) * (at(6) + at(7) * 256);
    else if (sequence.startsWith("\x1d(")) dataLeft = at(3) + at(4) * 256;
    else if (sequence.startsWith("\x1b*")) dataLeft = (at(3) + at(4) * 256) * (at(2) >= 32 ? 3 : 1);
    else glyphs = { left: at(4) - at(3) + 1, height: at(2) };
  }

  function lengthOf(sequence: string): number {
    if (sequence.length === 0) return 1;
    if (glyphs.left > 0) return 1;
    if (!leaders.includes(sequence.charAt(0))) return 1;
    if (sequence.length === 1) return 2;
    const cutWithFeed = sequence.startsWith("\x1dV") && sequence.length > 2 && sequence.charCodeAt(2) >= 65;
    return cutWithFeed ? 4 : (lengths[sequence.slice(0, 2)] ?? 2);
  }

  function takeByte(byte: string, pieces: EscposPiece[]): void {
    partial += byte;
    if (partial.length < lengthOf(partial)) return;
    const sequence = partial;
    partial = "";
    pieces.push({ kind: "sequence", bytes: sequence });
    if (glyphs.left === 0) expectData(sequence);
    else {
      glyphs = { ...glyphs, left: glyphs.left - 1 };
      dataLeft = sequence.charCodeAt(0) * glyphs.height;
    }
  }

  return {
    feed(bytes) {
      const pieces: EscposPiece[] = [];
      for (let index = 0; index < bytes.length; ) {
        if (dataLeft === 0) {
          takeByte(bytes.charAt(index), pieces);
          index++;
          continue;
        }
        const data = bytes.slice(index, index + dataLeft);
        pieces.push({ kind: "data", bytes: data });
        dataLeft -= data.length;
        index += data.length;
      }
      return pieces;
    },
  };
}
