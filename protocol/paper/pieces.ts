/**
 * What the layout is given and what it emits. Texts are UTF-8 Bytes, so that columns are counted the same way in Node
 * and in Lua: by code points. A receipt is laid out in pieces (top, each item, tail) and never held whole.
 */
import type { Bytes } from "../bytes";

export interface PaperSeller {
  readonly titleKk: Bytes;
  readonly titleRu: Bytes;
  readonly iinBin: Bytes;
  /** Place of use. */
  readonly addressKk: Bytes;
  readonly addressRu: Bytes;
  readonly serial: Bytes;
  readonly rnm: Bytes;
  readonly kkmId: Bytes;
  readonly ofdTitleKk: Bytes;
  readonly ofdTitleRu: Bytes;
  readonly ofdSite: Bytes;
  readonly vatPayer: boolean;
}
export interface PaperModifier {
  readonly name: Bytes;
  readonly sum: number;
}
export interface PaperPayment {
  readonly kind: number;
  readonly sum: number;
  readonly taken?: number;
  readonly rrn?: Bytes;
  readonly terminal?: Bytes;
}
export interface PaperHead {
  readonly number: number;
  readonly shift: number;
  readonly operatorCode: number;
  readonly operatorName: Bytes;
  readonly utcS: number;
  readonly offsetMin: number;
  readonly operation: number;
  /** 0 kk+ru, 1 kk, 2 ru. */
  readonly language: number;
  readonly total: number;
  readonly change: number;
  readonly discount?: PaperModifier;
  readonly markup?: PaperModifier;
  /** Sums of all discounts and markups, of lines and receipt. */
  readonly discountTotal: number;
  readonly markupTotal: number;
  /** [rate, vat sum, turnover]. */
  readonly vat: readonly (readonly [number, number, number])[];
  readonly payments: readonly PaperPayment[];
  readonly buyerIinBin?: Bytes;
}
export interface PaperItem {
  readonly nameKk: Bytes;
  readonly nameRu?: Bytes;
  readonly quantity: number;
  readonly unit: Bytes;
  readonly price: number;
  readonly sum: number;
  readonly vat?: number;
  /** VAT of the line after its discount or markup. */
  readonly vatSum: number;
  readonly discount?: PaperModifier;
  readonly markup?: PaperModifier;
  readonly gtin?: Bytes;
  readonly ntin?: Bytes;
  readonly markings: readonly Bytes[];
}
export interface PaperOutcome {
  readonly kind: "online" | "autonomous" | "refused";
  readonly sign: Bytes;
  readonly qrUrl: Bytes;
  readonly resultCode?: number;
  readonly resultText?: Bytes;
  /** The original again, after it was not printed: «Қайта басылды/Повторная печать». */
  readonly repeated: boolean;
}

/**
 * One piece of paper. A text is a whole line of at most `columns` code points (half of that when `wide`), padded on the
 * left only; `center` asks the printer to centre it, `wide` doubles both its sides, `tall` only its height.
 */
export type PaperPiece =
  | {
      readonly kind: "text";
      readonly text: Bytes;
      readonly bold: boolean;
      readonly wide: boolean;
      readonly center: boolean;
      readonly tall?: boolean;
    }
  | { readonly kind: "qr"; readonly text: Bytes }
  | { readonly kind: "feed"; readonly lines: number }
  | { readonly kind: "cut" };
