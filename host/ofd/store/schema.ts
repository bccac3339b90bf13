/**
 * The embedded store's tables. Money in tiyn, `_ms` UTC milliseconds, `local_s` civil seconds of the place as if UTC.
 *
 * A device row is one enrolment. It points to its last accepted document, whose row holds the answer for a repeat; the
 * accepting transaction writes rows of one register only.
 */
export const schemaVersion = 1;

export const schema = `
create table secret (name text primary key, value blob not null) strict;

create table device (
  id integer primary key,
  rnm text not null,
  serial text not null,
  profile text not null,
  status text not null default 'active',
  block_text text not null default '',
  issued_token integer not null,
  last_token integer,
  last_reqnum integer,
  last_command integer,
  last_seq integer,
  next_seq integer not null default 0,
  document_number integer not null default 0,
  shift_number integer not null default 0,
  shift_open integer not null default 0,
  shift_opened_local_s integer,
  shift_revenue_tiyn integer not null default 0,
  cash_tiyn integer not null default 0,
  enrolled_ms integer not null
) strict;
create unique index device_serial on device (serial) where status <> 'deregistered';

create table document (
  device integer not null references device (id),
  seq integer not null,
  command integer not null,
  document_number integer,
  shift_number integer not null,
  operation integer not null,
  total_tiyn integer not null,
  ticket_number text not null,
  offline_number integer,
  second_sign integer,
  remarks text not null,
  taxpayer text not null,
  point text not null,
  local_s integer,
  accepted_ms integer not null,
  body_sha blob not null,
  answer blob not null,
  frame blob not null,
  primary key (device, seq)
) strict, without rowid;
create index document_number on document (device, document_number);

create table alarm (
  device integer not null,
  code text not null,
  accepted_ms integer not null,
  frame blob
) strict;
create index alarm_device on alarm (device);
`;
