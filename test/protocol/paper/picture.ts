/** A PNG of ours decoded by another library, as jsQR wants it. */
import { createCanvas, loadImage } from "@napi-rs/canvas";
import jsQR from "jsqr";
import type { Bytes } from "../../../protocol/bytes";

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

export async function decodePicture(png: Bytes): Promise<Picture> {
  const image = await loadImage(Buffer.from(png, "latin1"));
  const canvas = createCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height) as unknown as Picture;
}

/** The last rows: where a receipt has its QR code. */
export function bottomOf({ width, height, data }: Picture, rows: number): Picture {
  return { width, height: rows, data: data.slice((height - rows) * width * 4) };
}

/** As a camera sees it: each dot is the mean of the nine around it. */
export function blurred({ width, height, data }: Picture): Picture {
  const seen = data.slice();
  for (let y = 1; y + 1 < height; y++) {
    for (let x = 1; x + 1 < width; x++) {
      let sum = 0;
      for (const dy of [-1, 0, 1]) {
        for (const dx of [-1, 0, 1]) {
          sum += data[((y + dy) * width + x + dx) * 4]!;
        }
      }
      seen.fill(sum / 9, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { width, height, data: seen };
}

// The package is CommonJS: its function is the default of the default in ESM.
const readQr = ((jsQR as unknown as { default?: typeof jsQR }).default ?? jsQR) as typeof jsQR;

export const qrTextOf = ({ data, width, height }: Picture): string | undefined => readQr(data, width, height)?.data;
