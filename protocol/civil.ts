/**
 * Civil time: what a calendar and a clock on the wall show. The protocol and the paper know no zones (OFD §5.2); inside
 * there are only UTC seconds and the offset of the place.
 */
import { assert } from "./assert";

/** A moment and the place's distance from UTC: 2026-01-15 10:30 in Almaty is { utcS: 1768455000, offsetMin: 300 }. */
export interface LocalTime {
  readonly utcS: number;
  readonly offsetMin: number;
}

export interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** UTC seconds since 1970 as the place reads them, `offsetMin` minutes east of Greenwich; until the year 9999. */
export function civil(utcS: number, offsetMin: number): Civil {
  const localS = utcS + offsetMin * 60;
  assert(localS >= 0, "civil time counts from 1970");
  const secondOfDay = localS % 86400;
  const { year, month, day } = dateOf(Math.floor(localS / 86400));
  return {
    year,
    month,
    day,
    hour: Math.floor(secondOfDay / 3600),
    minute: Math.floor(secondOfDay / 60) % 60,
    second: secondOfDay % 60,
  };
}

/**
 * The date of a day since 1970-01-01. Years begin on 1 March here, so that the leap day is the last one, and 400 of
 * them are one era of 146,097 days (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
 */
function dateOf(days: number): { year: number; month: number; day: number } {
  const sinceEra0 = days + 719468;
  const era = Math.floor(sinceEra0 / 146097);
  const dayOfEra = sinceEra0 % 146097;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36524) + Math.floor(dayOfEra / 146096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}

/**
 * The inverse of `civil` at offset 0: seconds since 1970 as if the place were at Greenwich; undefined when the calendar
 * has no such date, the clock no such time, or the year is not 1970 … 9999.
 */
export function secondsOf(shown: Civil): number | undefined {
  if (shown.hour > 23 || shown.minute > 59 || shown.second > 59 || shown.year < 1970 || shown.year > 9999) {
    return undefined;
  }
  const days = daysOf(shown.year, shown.month, shown.day);
  if (days === undefined) {
    return undefined;
  }
  return days * 86400 + shown.hour * 3600 + shown.minute * 60 + shown.second;
}

/** The day since 1970-01-01 (days_from_civil, ibid.); undefined when the month has no such day. */
function daysOf(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > 31) {
    return undefined;
  }
  const marchYear = month <= 2 ? year - 1 : year;
  const yearOfEra = marchYear % 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  const days = Math.floor(marchYear / 400) * 146097 + dayOfEra - 719468;
  return dateOf(days).day === day ? days : undefined;
}
