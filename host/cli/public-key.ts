/** The module's public key as people and libraries keep it: PEM, SubjectPublicKeyInfo (RFC 5480), P-256. */
const spkiHead = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex");
const uncompressed = 0x04;

/** `key`: x and y, 64 bytes, or with the 04 of an uncompressed point before them. */
export function publicKeyPem(key: Buffer): string {
  const point = key.length === 64 ? Buffer.concat([Buffer.of(uncompressed), key]) : key;
  const base64 = Buffer.concat([spkiHead, point]).toString("base64");
  return `-----BEGIN PUBLIC KEY-----\n${base64.replace(/(.{64})/g, "$1\n").trim()}\n-----END PUBLIC KEY-----\n`;
}
