/** Node's side of vm.d.ts. */
export const hasIntegers64 = () => Number.MAX_SAFE_INTEGER === 9007199254740991;
export const isInteger = value => Number.isInteger(value);
