/**
 * The COSE working group's examples sign1-tests/sign-pass-01 (RFC 9052 C.2.1) and sign-pass-02: one key and payload,
 * without and with external_aad. Their kid is unprotected, so they test Sig_structure, not our envelope.
 */
export const coseKey = {
  x: "bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff",
  y: "20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e",
};
export const coseProtected = "a10126";
export const cosePayload = "This is the content.";

/** [external_aad, signature] */
export const coseSignatures: readonly (readonly [string, string])[] = [
  ["", "8eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36"],
  ["11aa22bb33cc44dd55006699", "10729cd711cb3813d8d8e944a8da7111e7b258c9bdca6135f7ae1adbee9509891267837e1e33bd36c150326ae62755c6bd8e540c3e8f92d7d225e8db72b8820b"],
];

/** Sig_structure of sign-pass-02, as the example's ToBeSign_hex has it. */
export const coseToBeSigned =
  "846a5369676e61747572653143a101264c11aa22bb33cc44dd5500669954546869732069732074686520636f6e74656e742e";
