/** The wirings are safe ones, and the page and its pictures say the same as the code. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type WiringName, wiringNames, wirings } from "../../hal/firmata/wiring";

const textOf = (file: string): string => readFileSync(new URL(`../../docs/${file}`, import.meta.url), "utf8");
const { esp32 } = wirings;

/** As the ESP32's data sheet and the DevKit have them. */
const bootStraps = [0, 2, 5, 12, 15];
const spokenAtBoot = [1, 3, 14];
const flashPins = [6, 7, 8, 9, 10, 11];
const absent = [20, 24, 28, 29, 30, 31];
const inputOnly = [34, 35, 36, 37, 38, 39];

for (const name of wiringNames) {
  const { pins, i2c, printer } = wirings[name];

  test(`every pin has one work: ${name}`, () => {
    const used = [...Object.values(pins), i2c.sda, i2c.scl, printer.rx, printer.tx];
    assert.is(new Set(used).size, used.length);
  });

  test(`no output shares the port of eight pins with a contact: ${name}`, () => {
    const { paperOut, coverOpen, feed, ...outputs } = pins;
    const ports = [paperOut, coverOpen, feed].map(pin => pin >> 3);
    assert.is(new Set(ports).size, 1);
    assert.not(Object.values(outputs).some(pin => pin >> 3 === ports[0]));
  });

  test(`the page's table and the picture name the same pins: ${name}`, () => {
    const left = [i2c.sda, i2c.scl, printer.tx, printer.rx];
    assert.equal(tableOf(name), [...left, ...Object.values(pins)]);
    const picture = textOf(`firmata-${name}.svg`);
    assert.equal(numbersIn(picture, "end"), Object.values(pins));
    assert.equal(numbersIn(picture, undefined), left);
  });

  test(`the picture is small, and is one by itself: ${name}`, () => {
    const picture = textOf(`firmata-${name}.svg`);
    assert.ok(picture.length < 20_000);
    assert.not.match(picture, /<script|<image|href|url\(/);
  });
}

test("an ESP32's pins are there, stay quiet at its start, and those of contacts have a pull-up", () => {
  const refused = [...bootStraps, ...spokenAtBoot, ...flashPins, ...absent, ...inputOnly];
  for (const pin of Object.values(esp32.pins)) assert.not(refused.includes(pin), `GPIO ${pin}`);
  assert.equal([esp32.i2c.sda, esp32.i2c.scl, esp32.printer.rx, esp32.printer.tx], [21, 22, 16, 17]);
});

/** The numbers of one column of "Wiring", from the FRAM to the button. */
function tableOf(name: WiringName): number[] {
  const section =
    textOf("firmata.md")
      .split("\n## ")
      .find(text => text.startsWith("Wiring")) ?? "";
  const rows = [...section.matchAll(/^\|[^|]+\| (\d+) [^|]*\| (\d+) [^|]*\|$/gm)];
  return rows.map(row => Number(row[name === "mega" ? 1 : 2]));
}

/** Pin numbers in the order of the picture: those of the right edge end at it, those of the left begin there. */
function numbersIn(picture: string, anchor: "end" | undefined): number[] {
  const end = anchor === undefined ? "" : ' text-anchor="end"';
  const group = picture.split(`<g font-size="15" font-weight="bold"${end}>`)[1]?.split("</g>")[0] ?? "";
  return [...group.matchAll(/>(\d+)</g)].map(([, number]) => Number(number));
}

test.run();
