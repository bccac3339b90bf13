/** True where integers have 64 bits: money is whole tiyn below 2^53. Node's numbers hold as much. */
export function hasIntegers64(this: void): boolean;
/** True for a number that is an integer for the machine too: in Lua 1.0 is none, and would be printed as "1.0". */
export function isInteger(this: void, value: unknown): value is number;
