/**
 * The fiscalization card: what the operator of fiscal data and the tax body gave to this register. `kassa device
 * fiscalize --card FILE` turns the JSON of samples/card.json into this CBOR map and uploads it under the key "card".
 */
export const cardKey = { ofdId: 1, token: 2, rnm: 3, org: 4, pos: 5, ofd: 6, operators: 7, offsetMin: 8 } as const;
/** titleRu, titleKk as printed; address = legal address; oked text; vatPayer bool. */
export const orgKey = { titleRu: 1, titleKk: 2, iinBin: 3, addressRu: 4, addressKk: 5, oked: 6, vatPayer: 7 } as const;
/** Place of use: printed. Coordinates in 1/10000 of a degree. */
export const posKey = { addressRu: 1, addressKk: 2, latitude: 3, longitude: 4 } as const;
/** url: base of the QR, "https://consumer.ofd.example/"; site: as printed; host, port: where frames go. */
export const ofdKey = { titleRu: 1, titleKk: 2, url: 3, site: 4, host: 5, port: 6 } as const;
/** pin: 4 to 12 digits; role 1 cashier, 2 senior cashier, 3 administrator, 4 technician. */
export const operatorKey = { code: 1, name: 2, pin: 3, role: 4 } as const;
