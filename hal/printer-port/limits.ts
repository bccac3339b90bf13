/** Every bound and pause of the ways to a printer. */

/** Bytes taken and not yet given to the device. Small: a printer that stands still is to be noticed, not hidden. */
export const waitingBytesMax = 1024;
/** Answers that nobody has read. They are single bytes; a device that floods is not listened to. */
export const unreadBytesMax = 1024;
/** `DLE EOT n` and `GS r n`: shorter writes are taken whole or not at all, since half a question is a torn command. */
export const questionBytes = 3;

/** After a failure the next try comes after the first pause; each pause is twice the one before, up to the last. */
export const retryMsMin = 250;
export const retryMsMax = 4000;

export const connectTimeoutMs = 3000;
/** Silence after which the system asks whether the printer is still there. */
export const keepAliveMs = 10_000;

/** A device that was busy is offered the rest again after so long. */
export const busyMs = 10;
/** Bytes fetched from a device at once. */
export const fetchBytesMax = 256;

export const urlLengthMax = 512;
export const tcpPort = 9100;
export const tcpPortMax = 65_535;
/** Speeds that receipt printers can be set to. */
export const bauds: readonly number[] = [1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600];
