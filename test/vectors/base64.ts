/** RFC 4648 §10: [bytes, text]; then texts that a strict decoder refuses (§3.5 and §3.3). */
export const base64Pairs: readonly (readonly [string, string])[] = [
  ["", ""], ["f", "Zg=="], ["fo", "Zm8="], ["foo", "Zm9v"], ["foob", "Zm9vYg=="], ["fooba", "Zm9vYmE="], ["foobar", "Zm9vYmFy"],
];
export const base64Refused: readonly string[] = [
  "Z", "Zg", "Zg=", "Zg===", "====", "Z===", "=g==", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zg==Zg==", "Zm-_", "Zm9\x00", "Zm=v",
];
