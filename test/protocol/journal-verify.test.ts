import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, repeatByte, slice } from "../../protocol/bytes";
import { fromHex } from "../../protocol/hex";
import { itemBytesMax } from "../../protocol/journal-read";
import { type JournalPlace, type JournalVerdict, verifyJournal } from "../../protocol/journal-verify";
import type { RecordTypeName } from "../../protocol/records";
import { cutInThree } from "../three-ways";
import { createSigner, firstSequence, joinJournal, type SampleJournal, withByte, writeJournal } from "./journal-sample";

const ours = createSigner("ours");
const journal = writeJournal(ours);
const file = joinJournal(journal);
const lastSequence = firstSequence + journal.records.length - 1;

const verdictOf = (bytes: Bytes): JournalVerdict => verifyJournal([bytes], ours.key);
const joined = (records: readonly Bytes[]): Bytes => joinJournal({ ...journal, records });

/** Which item of the file a byte belongs to. */
function placesOf({ header, records, trailer }: SampleJournal): JournalPlace[] {
  const places: JournalPlace[] = new Array(header.length).fill("header");
  for (const [index, item] of records.entries()) {
    places.push(...new Array(item.length).fill(firstSequence + index));
  }
  return places.concat(new Array(trailer.length).fill("trailer"));
}

const bits = [1, 2, 4, 8, 16, 32, 64, 128];

/** Every byte of the file changed in each way that `changesOf` tells for its offset. */
function flipAll(sample: SampleJournal, changesOf: (offset: number) => readonly number[]): void {
  const bytes = joinJournal(sample);
  placesOf(sample).forEach((place, offset) => {
    for (const change of changesOf(offset)) {
      const { ok, problem } = verdictOf(withByte(bytes, offset, change));
      if (ok || problem?.record !== place) {
        assert.unreachable(`byte ${offset} of ${place} ^ ${change}: ${JSON.stringify(problem)}`);
      }
    }
  });
}

test("an export as the module wrote it verifies", () => {
  assert.equal(verdictOf(file).problem, undefined);
  assert.is(verdictOf(file).records, 20);
});

test("an export without records verifies", () => {
  assert.ok(verdictOf(joinJournal(writeJournal(ours, []))).ok);
});

test("each byte flipped, wholly or by one bit, is found and its record named", () => {
  flipAll(journal, offset => [0xff, bits[offset % 8]!]);
});

test("each bit flipped is named in journals that begin and end with any records", () => {
  const stories: RecordTypeName[][] = [
    ["event", "printed"],
    ["attempt", "event"],
    ["document", "attempt"],
    ["event"],
    [],
  ];
  for (const types of stories) {
    flipAll(writeJournal(ours, types), () => bits);
  }
});

test("each record removed is named as missing", () => {
  journal.records.forEach((_item, index) => {
    const records = journal.records.filter((_other, other) => other !== index);
    const { problem } = verdictOf(joined(records));
    assert.is(problem?.record, firstSequence + index);
    assert.is(problem?.problem, "MISSING");
  });
});

test("each record doubled is named as repeated", () => {
  journal.records.forEach((item, index) => {
    const { problem } = verdictOf(joined([...journal.records.slice(0, index), item, ...journal.records.slice(index)]));
    assert.is(problem?.record, firstSequence + index);
    assert.is(problem?.problem, "REPEATED");
  });
});

test("each record swapped with its neighbour is named as missing at its place", () => {
  for (let index = 0; index + 1 < journal.records.length; index++) {
    const records = [...journal.records];
    records.splice(index, 2, journal.records[index + 1]!, journal.records[index]!);
    const { problem } = verdictOf(joined(records));
    assert.is(problem?.record, firstSequence + index);
    assert.is(problem?.problem, "MISSING");
  }
});

test("a tail cut at any byte is found and the first missing item named", () => {
  const places = placesOf(journal);
  for (let length = 0; length < file.length; length++) {
    const { ok, problem } = verdictOf(slice(file, 0, length));
    assert.not(ok);
    assert.is(problem?.record, places[length], `cut at ${length}: ${JSON.stringify(problem)}`);
  }
});

test("a removed end before the trailer is named", () => {
  for (let kept = 0; kept < journal.records.length; kept++) {
    const { problem } = verdictOf(joined(journal.records.slice(0, kept)));
    assert.is(problem?.record, firstSequence + kept);
  }
});

test("anything behind the trailer is found", () => {
  for (const more of [journal.trailer, journal.records[0]!, journal.header, slice(file, 0, 1)]) {
    assert.is(verdictOf(concat([file, more])).problem?.record, "trailer");
  }
});

test("another device's key is found at the first signed record", () => {
  const { problem } = verifyJournal([file], createSigner("theirs").key);
  assert.is(problem?.problem, "KEY_OTHER");
  assert.is(problem?.record, firstSequence);
});

test("another device's key under our key id is found by the signature", () => {
  const { problem } = verifyJournal([file], { ...createSigner("theirs").key, kid: ours.key.kid });
  assert.is(problem?.problem, "SIGNATURE_BAD");
});

test("another export's trailer or header does not pass", () => {
  const other = writeJournal(ours, ["fiscalization", "printed"]);
  assert.not(verdictOf(joinJournal({ ...journal, trailer: other.trailer })).ok);
  assert.not(verdictOf(joinJournal({ ...journal, header: other.header })).ok);
});

test("the verdict is the same however the file is cut", () => {
  const small = writeJournal(ours, ["event", "attempt", "printed"]);
  const whole = joinJournal(small);
  const damaged = withByte(whole, small.header.length + small.records[0]!.length - 5, 0x1a ^ 0x19);
  for (const bytes of [slice(whole, 0, 400), damaged]) {
    const expected = verdictOf(bytes);
    for (const step of [1, 7, 93, 1000]) {
      const chunks: Bytes[] = [];
      for (let start = 0; start < bytes.length; start += step) {
        chunks.push(slice(bytes, start, Math.min(start + step, bytes.length)));
      }
      assert.equal(verifyJournal(chunks, ours.key), expected);
    }
  }
  const start = slice(whole, 0, small.header.length + 20);
  cutInThree(start, pieces => assert.equal(verifyJournal(pieces, ours.key), verdictOf(start)));
});

test("an item larger than any record can be is not waited for", () => {
  const endless = concat([journal.header, fromHex("83150958ff"), repeatByte(0x5b, 200)]);
  assert.is(verdictOf(endless).problem?.problem, "TRUNCATED");
  const large = concat([journal.header, fromHex("8315095a00200000"), repeatByte(0, itemBytesMax + 1)]);
  assert.is(verdictOf(large).problem?.problem, "TOO_LARGE");
  assert.is(verdictOf(large).problem?.record, firstSequence);
});

test("the last record of the sample is the one that the header names", () => {
  assert.is(verdictOf(file).header?.to, lastSequence);
  assert.is(verdictOf(file).trailer?.count, 20);
});

test.run();
