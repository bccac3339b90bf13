/** Node's side of platform.d.ts: bytes are strings of characters 0..255. */
export function byteAt(bytes, index) {
  return bytes.charCodeAt(index);
}
export function bytesOf(...values) {
  return String.fromCharCode(...values);
}
export function concat(parts) {
  return parts.join("");
}
export function slice(bytes, start, end) {
  return bytes.substring(start, end);
}
export function utf8(text) {
  return Buffer.from(text, "utf8").toString("latin1");
}
export function textOf(bytes) {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
export function repeat(value, count) {
  return String.fromCharCode(value).repeat(count);
}
export function indexOf(bytes, needle, start) {
  return bytes.indexOf(needle, start);
}
export function newMap() {
  return new Map();
}
export function packBytes(values) {
  return Buffer.from(values).toString("latin1");
}
