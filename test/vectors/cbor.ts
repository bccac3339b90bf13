/** RFC 8949, appendix A (examples) and appendix F (not well-formed), as hexadecimal. */

/** [value, encoded] of integers below 2^53, both signs. */
export const integers: readonly (readonly [number, string])[] = [
  [0, "00"], [1, "01"], [10, "0a"], [23, "17"], [24, "1818"], [25, "1819"], [100, "1864"], [1000, "1903e8"],
  [1000000, "1a000f4240"], [1000000000000, "1b000000e8d4a51000"],
  [-1, "20"], [-10, "29"], [-100, "3863"], [-1000, "3903e7"],
];

/** Integers of 2^53 and above: well-formed, but nothing that both machines hold. */
export const hugeIntegers: readonly string[] = ["1bffffffffffffffff", "3bffffffffffffffff", "1b0020000000000000"];

/** [content, encoded] of byte strings. */
export const byteStrings: readonly (readonly [string, string])[] = [["", "40"], ["01020304", "4401020304"]];

/** [content as UTF-8, encoded] of texts: "", "a", "IETF", "\"\\", "ü", "水", "𐅑". */
export const texts: readonly (readonly [string, string])[] = [
  ["", "60"], ["61", "6161"], ["49455446", "6449455446"], ["225c", "62225c"], ["c3bc", "62c3bc"], ["e6b0b4", "63e6b0b4"],
  ["f0908591", "64f0908591"],
];

/** Everything else that is well-formed: floats, simple values, tags, arrays, maps, indefinite lengths. */
export const wellFormed: readonly string[] = [
  "f90000", "f98000", "f93c00", "fb3ff199999999999a", "f93e00", "f97bff", "fa47c35000", "fa7f7fffff", "fb7e37e43c8800759c",
  "f90001", "f90400", "f9c400", "fbc010666666666666", "f97c00", "f97e00", "f9fc00", "fa7f800000", "fa7fc00000",
  "faff800000", "fb7ff0000000000000", "fb7ff8000000000000", "fbfff0000000000000", "f4", "f5", "f6", "f7", "f0", "f8ff",
  "c074323031332d30332d32315432303a30343a30305a", "c11a514b67b0", "c1fb41d452d9e8200000", "d74401020304",
  "d818456449455446", "d82076687474703a2f2f7777772e6578616d706c652e636f6d", "c249010000000000000000", "c349010000000000000000",
  "80", "83010203", "8301820203820405", "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
  "a0", "a201020304", "a26161016162820203", "826161a161626163", "a56161614161626142616361436164614461656145",
  "5f42010243030405ff", "7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff", "9f01820203820405ff",
  "83018202039f0405ff", "83019f0203ff820405", "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
  "bf61610161629f0203ffff", "826161bf61626163ff", "bf6346756ef563416d7421ff",
];

/** Appendix F: no decoder may take these. */
export const malformed: readonly string[] = [
  // The end comes inside a head.
  "18", "19", "1a", "1b", "1901", "1a0102", "1b01020304050607", "38", "58", "78", "98", "9a01ff00", "b8", "d8", "f8", "f900",
  "fa0000", "fb000000",
  // Strings, arrays and maps with too little behind the head.
  "41", "61", "5affffffff00", "5bffffffffffffffff010203", "7affffffff00", "7b7fffffffffffffff010203",
  "81", "818181818181818181", "8200", "a1", "a20102", "a100", "a2000000", "c0",
  // Indefinite lengths without a break.
  "5f4100", "7f6100", "9f", "9f0102", "bf", "bf01020102", "819f", "9f8000", "9f9f9f9f9fffffffff", "9f819f819f9fffffff",
  // Reserved additional information.
  "1c", "1d", "1e", "3c", "3d", "3e", "5c", "5d", "5e", "7c", "7d", "7e", "9c", "9d", "9e", "bc", "bd", "be", "dc", "dd", "de",
  "fc", "fd", "fe",
  // Simple values below 32 in two bytes.
  "f800", "f801", "f818", "f81f",
  // Chunks of another type, or indefinite themselves.
  "5f00ff", "5f21ff", "5f6100ff", "5f80ff", "5fa0ff", "5fc000ff", "5fe0ff", "7f4100ff", "5f5f4100ffff", "7f7f6100ffff",
  // A break where none may be.
  "ff", "81ff", "8200ff", "a1ff", "a1ff00", "a100ff", "a20000ff", "9f81ff", "9f829f819f9fffffffff", "bf00ff", "bf000000ff",
  // Indefinite integers and tags.
  "1f", "3f", "df00",
];

/** Well-formed, but not what the deterministic writer writes (§4.2.1). */
export const secondForms: readonly string[] = [
  "1817", "190017", "1a00000017", "1b0000000000000017", "1900ff", "1a0000ffff", "1b00000000ffffffff", "3817", "580100",
  "780161", "980100", "b8010102", "d81200", "9fff", "5f4100ff", "bfff", "f90000", "fa00000000", "fb0000000000000000", "f7",
  "f8ff", "e0",
  // Keys that do not ascend, are there twice, or are neither integer nor text.
  "a202000100", "a201000100", "a1410000", "a1800000", "a1810100", "a1f500", "a2616100" + "0100", "a1c10100",
  "1bffffffffffffffff",
];
