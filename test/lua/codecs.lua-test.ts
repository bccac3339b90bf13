/** CRC, base64, hex and CBOR: the standards' own vectors, in Node and in Lua. */
import { assert } from "../../protocol/assert";
import { decodeBase64, encodeBase64 } from "../../protocol/base64";
import { bytesOf, concat, emptyBytes, repeatByte, slice, utf8 } from "../../protocol/bytes";
import {
  atEnd,
  createReader,
  decodeMap,
  getArray,
  getBool,
  getBytes,
  getMap,
  getText,
  getUint,
  more,
  peekMajor,
  readArrayHead,
  readBytes,
  readInt,
  readText,
  readUint,
  skipItem,
  takeNull,
} from "../../protocol/cbor-read";
import { measureStrict } from "../../protocol/cbor-strict";
import {
  cborArray,
  cborArrayHead,
  cborBool,
  cborBytes,
  cborInt,
  cborMap,
  cborMapHead,
  cborNull,
  cborTagHead,
  cborText,
  cborUint,
  integerMax,
} from "../../protocol/cbor-write";
import { crc16, crc16Update } from "../../protocol/crc16";
import { crc32, crc32End, crc32Start, crc32Update } from "../../protocol/crc32";
import { fromHex, toHex } from "../../protocol/hex";
import { base64Pairs, base64Refused } from "../vectors/base64";
import { byteStrings, hugeIntegers, integers, malformed, secondForms, texts, wellFormed } from "../vectors/cbor";
import { itemLength } from "./item-length";

const digits = utf8("123456789");

export const cases = [
  {
    name: "CRC-16/XMODEM of 123456789 is 0x31c3",
    run: () => {
      assert(crc16(digits) === 0x31c3, "the catalogue's check value");
      assert(crc16(emptyBytes) === 0, "of nothing it is 0");
      assert(crc16(concat([digits, bytesOf(0x31, 0xc3)])) === 0, "over a message and its CRC it is 0");
      assert(crc16Update(crc16(slice(digits, 0, 4)), slice(digits, 4, 9)) === 0x31c3, "it goes on in pieces");
    },
  },
  {
    name: "CRC-32 of 123456789 is 0xcbf43926",
    run: () => {
      assert(crc32(digits) === 0xcbf43926, "the catalogue's check value");
      assert(crc32(emptyBytes) === 0, "of nothing it is 0");
      assert(crc32(repeatByte(0xff, 32)) === 0xff6cab0b, "of 32 bytes 0xff, as zip has it");
      const half = crc32Update(crc32Start, slice(digits, 0, 4));
      assert(crc32End(crc32Update(half, slice(digits, 4, 9))) === 0xcbf43926, "it goes on in pieces");
    },
  },
  {
    name: "base64 is that of RFC 4648 §10, and nothing else decodes",
    run: () => {
      for (const [text, encoded] of base64Pairs) {
        assert(encodeBase64(utf8(text)) === encoded, "the RFC's text");
        assert(decodeBase64(utf8(encoded)) === text, "and back");
      }
      for (const text of base64Refused) assert(decodeBase64(utf8(text)) === undefined, "strict");
    },
  },
  {
    name: "every byte has its two hexadecimal digits",
    run: () => {
      assert(toHex(bytesOf(0, 9, 10, 0x9f, 0xa0, 0xff)) === "00090a9fa0ff", "lower case");
      assert(fromHex("00 09 0A 9f A0 ff") === bytesOf(0, 9, 10, 0x9f, 0xa0, 0xff), "either case, with spaces");
    },
  },
  {
    name: "integers, bytes and texts are written as RFC 8949 appendix A has them, and read again",
    run: () => {
      for (const [value, encoded] of integers) {
        assert(toHex(cborInt(value)) === encoded, "the shortest integer");
        assert(readInt(createReader(fromHex(encoded))) === value, "and back");
      }
      for (const [content, encoded] of byteStrings) {
        assert(toHex(cborBytes(fromHex(content))) === encoded, "a byte string");
        assert(readBytes(createReader(fromHex(encoded))) === fromHex(content), "and back");
      }
      for (const [content, encoded] of texts) {
        assert(toHex(cborText(fromHex(content))) === encoded, "a text");
        assert(readText(createReader(fromHex(encoded))) === fromHex(content), "and back");
      }
    },
  },
  {
    name: "heads, booleans, null, tags, arrays and maps are those of appendix A",
    run: () => {
      assert(toHex(concat([cborBool(false), cborBool(true), cborNull])) === "f4f5f6", "simple values");
      assert(toHex(cborTagHead(1)) + toHex(cborUint(1363896240)) === "c11a514b67b0", "an epoch time");
      const nested = [cborUint(1), cborArray([cborUint(2), cborUint(3)]), cborArray([cborUint(4), cborUint(5)])];
      assert(toHex(cborArray(nested)) === "8301820203820405", "nested arrays");
      assert(toHex(concat([cborArrayHead(0), cborMapHead(0)])) === "80a0", "empty ones");
      const entry = [cborText(utf8("a")), cborUint(1)] as const;
      const list = [cborText(utf8("b")), cborArray([cborUint(2), cborUint(3)])] as const;
      assert(toHex(cborMap([entry, list])) === "a26161016162820203", "a map");
    },
  },
  {
    name: "the largest integers are exact on both machines, larger ones fail without a throw",
    run: () => {
      assert(toHex(cborInt(integerMax)) === "1b001fffffffffffff", "2^53 − 1");
      assert(readUint(createReader(cborInt(integerMax))) === integerMax, "and back");
      assert(readInt(createReader(cborInt(-integerMax))) === -integerMax, "and its negative");
      for (const encoded of hugeIntegers) {
        const reader = createReader(fromHex(encoded));
        assert(readInt(reader) === undefined && reader.failed, "2^53 is no integer here");
        assert(itemLength(fromHex(encoded), 0) === 9, "but it can be read over");
      }
      assert(readInt(createReader(fromHex("3b001fffffffffffff"))) === undefined, "−2^53 neither");
    },
  },
  {
    name: "skip passes over every well-formed item of appendix A and over none of appendix F",
    run: () => {
      for (const encoded of wellFormed) {
        assert(itemLength(fromHex("00" + encoded + "00"), 1) === encoded.length / 2, "the whole item");
      }
      for (const encoded of malformed) assert(itemLength(fromHex(encoded), 0) === undefined, "not well-formed");
      assert(itemLength(concat([repeatByte(0x81, 15), bytesOf(0)]), 0) === 16, "sixteen levels");
      assert(itemLength(concat([repeatByte(0x81, 16), bytesOf(0)]), 0) === undefined, "seventeen are too many");
    },
  },
  {
    name: "an item cut anywhere has no length yet",
    run: () => {
      const item = fromHex("a56161614161626142616361436164614461656145");
      for (let length = 0; length < item.length; length++) {
        assert(itemLength(slice(item, 0, length), 0) === undefined, "not whole");
        assert(measureStrict(slice(item, 0, length), 0).kind === "partial", "and the strict reader says so");
      }
      assert(itemLength(item, 0) === item.length, "whole");
    },
  },
  {
    name: "strings and arrays of indefinite length are read like definite ones",
    run: () => {
      assert(readBytes(createReader(fromHex("5f42010243030405ff"))) === fromHex("0102030405"), "bytes in chunks");
      assert(readText(createReader(fromHex("7f657374726561646d696e67ff"))) === utf8("streaming"), "text in chunks");
      const reader = createReader(fromHex("9f010203ff04"));
      const count = readArrayHead(reader);
      let sum = 0;
      for (let index = 0; more(reader, count, index); index++) sum += readUint(reader)!;
      assert(sum === 6 && readUint(reader) === 4, "the break is taken");
      assert(atEnd(reader) && !reader.failed, "and nothing else");
    },
  },
  {
    name: "after a failure every read answers undefined",
    run: () => {
      const reader = createReader(fromHex("0001f4f6"));
      assert(readText(reader) === undefined && reader.failed, "a number is no text");
      assert(readUint(reader) === undefined && peekMajor(reader) === undefined, "nothing more");
      assert(!takeNull(reader) && !skipItem(reader) && !more(reader, 5, 0), "nothing at all");
    },
  },
  {
    name: "decodeMap reads what SMP clients send: any order, null as absent, unknown keys, surplus behind it",
    run: () => {
      const map = decodeMap(
        fromHex("bf 6161 1900ff 6162 f6 6163 fb3ff199999999999a 6164 f5 6165 42beef 6166 82 01 a1 07 6178 20 03 ff 99"),
      );
      assert(map !== undefined, "a map");
      assert(getUint(map, "a") === 255 && getBool(map, "d") === true, "values");
      assert(!map.has("b") && getUint(map, "c") === undefined && map.has("c"), "null is absent, a float no integer");
      assert(getBytes(map, "e") === fromHex("beef") && getText(map, "e") === undefined, "kinds are told apart");
      const items = getArray(map, "f");
      assert(items !== undefined && items.length === 2, "a nested array");
      const inner = items[1]!;
      assert(inner.kind === "map" && getText(inner.entries, 7) === utf8("x"), "with a map of integer keys");
      assert(map.has(-1) && getUint(map, -1) === 3 && getMap(map, "f") === undefined, "a negative key");
    },
  },
  {
    name: "decodeMap refuses what is no map, a key twice, 65 keys and too much depth",
    run: () => {
      for (const encoded of ["", "80", "00", "a1", "a10000" + "a2", "a2616100616100", "a1f500", "a1810000"]) {
        const isMap = encoded.substring(0, 6) === "a10000";
        assert((decodeMap(fromHex(encoded)) !== undefined) === isMap, "only maps");
      }
      const parts = [cborMapHead(65)];
      for (let key = 0; key < 65; key++) parts.push(cborUint(key), cborUint(0));
      assert(decodeMap(concat(parts)) === undefined, "65 keys");
      assert(decodeMap(fromHex("a100" + "8181818181818100")) !== undefined, "eight levels");
      assert(decodeMap(fromHex("a100" + "818181818181818100")) === undefined, "nine levels");
    },
  },
  {
    name: "the strict reader takes only the one form of an item",
    run: () => {
      for (const [_value, encoded] of integers) {
        const isNegative = encoded.substring(0, 1) === "2" || encoded.substring(0, 1) === "3";
        assert(isNegative || measureStrict(fromHex(encoded), 0).kind === "whole", "the shortest form");
      }
      for (const encoded of [
        "a201000200",
        "a10041ff",
        "a3000101026161f5",
        "d28443a10126a040" + "40",
        "8301820203820405",
      ]) {
        assert(measureStrict(fromHex(encoded), 0).kind === "whole", "the deterministic form");
      }
      for (const encoded of secondForms)
        assert(measureStrict(fromHex(encoded), 0).kind === "malformed", "no other form");
    },
  },
];
