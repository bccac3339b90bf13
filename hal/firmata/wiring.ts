/**
 * Which pin of an Arduino Mega does what. None of them knows PWM: a light there is on or off. The contacts have a port of
 * eight pins (32 to 39) to themselves: firmata-io writes ports whole, with what it last read from the inputs among them,
 * and would switch off the pull-up of a contact that is closed.
 */
export const pins = {
  ready: 22,
  offline: 24,
  blocked: 26,
  /** An active buzzer: it sounds while the pin is high. */
  buzzer: 28,
  drawer: 30,
  /** Contacts to ground, with the pull-up of the pin: closed is a fault, so a printer without contacts needs none. */
  paperOut: 32,
  coverOpen: 34,
} as const;

/** The printer is on RX1 and TX1. */
export const printerPortId = 1;
/** MB85RC256V and MB85RC1MT with their address pins at ground; the large one also answers at the next address. */
export const framAddress = 0x50;
