/** English. The grammar of the templates is in index.ts. */
import type { Texts } from "./index";

const repeatWithKey = "Send the same request again with the same key: nothing will be sold twice.";
const callTechnician = "Call the technician.";

export const en: Texts = {
  units: { hour: "h", minute: "min", second: "s", kilobyte: "KB", tenge: "₸" },
  causes: {
    noRoute: "no network to the operator of fiscal data",
    refused: "the operator's server refuses the connection",
    silent: "the operator did not answer in time",
    reset: "the connection broke before the answer was complete",
    garbage: "the operator's answer cannot be read",
    wrongReqnum: "the operator answered another request",
    busy254: "the operator is busy",
    clock: "the register's clock and the operator's differ",
    offline: "the operator was already out of reach",
  },
  blocks: {
    OFD_TOKEN_WRONG: {
      detail: "The operator of fiscal data does not accept the register's token.",
      nextAction: "Get a new token in the operator's cabinet and enter it: kassa device token.",
    },
    OFD_BLOCKED: {
      detail: "The operator or the tax body has blocked this register.",
      nextAction: "Ask the operator for the reason; receipts leave again when the block is lifted.",
    },
    OFD_ID_UNKNOWN: {
      detail: "The operator does not know this register.",
      nextAction:
        "Check the register's id in the operator's cabinet. The register asks every minute and goes on by itself.",
    },
    OFD_PROTOCOL: {
      detail: "The operator does not understand this register's version.",
      nextAction:
        "Call the technician: the operator expects another version. The register asks every minute and goes on by itself.",
    },
    QUEUE_REFUSED: {
      detail: "The operator refused a receipt that was made without connection.",
      nextAction: "Call the technician: the receipt must be set aside with a reason.",
    },
  },
  refusals: {
    SESSION_LOST: {
      title: "Session ended",
      detail: "The session has ended: the register was restarted or nobody used it for a while.",
      nextAction: "Sign in again with your PIN.",
    },
    PIN_WRONG: {
      title: "Wrong PIN",
      detail: "The operator's code or the PIN is wrong.[ The next attempt is possible in {waitS:duration}.]",
      nextAction: "Check the code and the PIN and try again.",
    },
    PIN_WAIT: {
      title: "Too many wrong PINs",
      detail: "After wrong PINs the register waits[: {waitS:duration} are left].",
      nextAction: "Wait, then enter the right PIN.",
    },
    NOT_FISCALIZED: {
      title: "Not fiscalized",
      detail: "This register is not fiscalized yet and cannot sell.",
      nextAction: "Ask the technician to fiscalize it: kassa device fiscalize --card FILE.",
    },
    ALREADY_FISCALIZED: {
      title: "Already fiscalized",
      detail: "This register is already fiscalized[ under the number {rnm}]. That is done once in its life.",
      nextAction: "Nothing needs to be done. For another taxpayer take another register.",
    },
    BUSY: {
      title: "Register busy",
      detail: "The register is busy with another request.",
      nextAction: "Wait a second. " + repeatWithKey,
    },
    BLOCKED: {
      title: "Register blocked",
      detail: "The register is blocked[: {block}].",
      nextAction: "Look at the reason in the status and remove it, or call the technician.",
    },
    MEMORY_FULL: {
      title: "Fiscal memory full",
      detail: "The receipt does not fit the fiscal memory[: {neededBytes:size} needed, {freeBytes:size} free].",
      nextAction: "Restore the connection to the operator so that unsent receipts leave, then sell again.",
    },
    PAPER_ABSENT: {
      title: "No paper",
      detail: "The printer has no paper. Nothing was sold.",
      nextAction: "Put in a new roll, then send the receipt again with the same key.",
    },
    COVER_OPEN: {
      title: "Printer cover open",
      detail: "The printer's cover is open. Nothing was sold.",
      nextAction: "Close the cover, then send the receipt again with the same key.",
    },
    PRINTER_ABSENT: {
      title: "Printer does not answer",
      detail: "The printer does not answer. Nothing was sold.",
      nextAction: "Check that the printer is switched on and connected, then send the receipt again with the same key.",
    },
    PRINT_UNFINISHED: {
      title: "Previous receipt not printed",
      detail: "The last receipt[ ({number})] is signed but was not printed to its end.",
      nextAction: "Put the printer right and reprint that receipt first.",
    },
    CLOCK_UNSET: {
      title: "Clock not set",
      detail: "The register's clock has lost its time, or is behind the last document.",
      nextAction: "Set the clock (kassa device clock --set), or ask the technician to.",
    },
    KEY_REUSED: {
      title: "Key belongs to another receipt",
      detail: "The key[ {key}] was already used for another request[: receipt {number}].",
      nextAction: "For a new receipt take a new key; to repeat the old one send its body unchanged.",
    },
    KEY_UNKNOWN: {
      title: "Key not known",
      detail: "The register has no document with this key[: {key}].",
      nextAction: "Send the receipt with this key.",
    },
    NUMBER_UNKNOWN: {
      title: "Number not known",
      detail: "The register has no document with this number[: {got}].",
      nextAction: "Check the number on the receipt.",
    },
    UPLOAD_INCOMPLETE: {
      title: "Receipt did not arrive whole",
      detail: "The receipt did not reach the register whole[: {got} of {expected} bytes].",
      nextAction: repeatWithKey,
    },
    LINES_TOO_MANY: {
      title: "Too many lines",
      detail: "Too many lines in the receipt[: {got}][, at most {expected} fit].",
      nextAction: "Split the sale into several receipts.",
    },
    DOCUMENT_TOO_LARGE: {
      title: "Receipt too large",
      detail: "The receipt is too large[: {got:size}, {expected:size} fit].",
      nextAction: "Split the sale into several receipts or shorten the names.",
    },
    OPERATION_NOT_SUPPORTED: {
      title: "Operation not supported",
      detail: "This version cannot do the operation[ “{got}”].",
      nextAction: "Use “sale”, or install a newer version.",
    },
    FIELD_UNKNOWN: {
      title: "Unknown field",
      detail: "The request has a field that does not exist[: {field}][ (line {line})].",
      nextAction: "Remove the field or correct its name; see /docs.",
    },
    FIELD_MISSING: {
      title: "Field missing",
      detail: "The request lacks a field[: {field}][ (line {line})].",
      nextAction: "Add the field; see /docs.",
    },
    FIELD_INVALID: {
      title: "Wrong value",
      detail: "A field has a wrong value[: {field}][ = {got}][; expected: {expected}][ (line {line})].",
      nextAction: "Correct the value; see /docs.",
    },
    AMOUNT_TOO_LARGE: {
      title: "Amount too large",
      detail: "An amount is too large for a receipt[ (line {line})].",
      nextAction: "Check price and quantity.",
    },
    VAT_UNKNOWN: {
      title: "Unknown VAT rate",
      detail: "There is no such VAT rate[: {got}][ (line {line})].",
      nextAction: "Use 16, 10, 5, 0 or none.",
    },
    VAT_TWICE: {
      title: "VAT given twice",
      detail: "VAT is given both for the whole receipt and for a line[ ({line})].",
      nextAction: "Give VAT either for the lines or for the receipt.",
    },
    DISCOUNT_AND_MARKUP: {
      title: "Discount and markup together",
      detail: "Discount and markup stand together[ in line {line}].",
      nextAction: "Leave one of the two.",
    },
    DISCOUNT_TOO_LARGE: {
      title: "Discount too large",
      detail: "The discount[ {got:money}] is larger than the sum[ {expected:money}][ (line {line})].",
      nextAction: "Make the discount smaller.",
    },
    PAYMENT_MISMATCH: {
      title: "Payments do not make the total",
      detail: "The payments do not make the total[: {expected:money} due, {got:money} paid].",
      nextAction: "Correct the sums of the payments.",
    },
    PAYMENT_KIND_TWICE: {
      title: "Kind of payment twice",
      detail: "One kind of payment is given twice.",
      nextAction: "Add the two up into one payment.",
    },
    PAYMENT_NONCASH_TOO_LARGE: {
      title: "Card and mobile exceed the total",
      detail: "Card and mobile payments exceed the total[: {got:money} of {expected:money}].",
      nextAction: "Take no more than the total from the card; change is given for cash only.",
    },
    TAKEN_TOO_SMALL: {
      title: "Too little cash taken",
      detail: "Less cash was taken than is to be paid[: {got:money} of {expected:money}].",
      nextAction: "Take the missing cash or correct the sum received.",
    },
    BUYER_IS_SELLER: {
      title: "Buyer is the seller",
      detail: "The buyer's IIN/BIN is the seller's own.",
      nextAction: "Ask the buyer for the number again or leave it out.",
    },
    MARKING_MISSING: {
      title: "Marking code missing",
      detail: "The goods[ in line {line}] must be sold with a marking code.",
      nextAction: "Scan the marking code on the package.",
    },
    MARKING_TWICE: {
      title: "Marking code twice",
      detail: "One marking code is in the receipt twice[ (line {line})].",
      nextAction: "Remove the double line or scan the other package.",
    },
    FISCAL_WORDS: {
      title: "Words reserved for the register",
      detail: "A text contains words that only the register may print[: {field}][ (line {line})].",
      nextAction: "Remove the words «Фискальный чек» and the like from the text.",
    },
    OFD_REFUSED: {
      title: "Operator refused the receipt",
      detail: "The operator of fiscal data refused the receipt[ {number}][: code {resultCode}][, {resultText}].",
      nextAction: "Correct what the operator names and sell with a new key. This number stays used up.",
    },
    SHIFT_CLOSED: {
      title: "Shift closed",
      detail: "The shift is closed.",
      nextAction: "Nothing needs to be closed; the next sale opens a shift.",
    },
    FLASH_FAILED: {
      title: "Fiscal memory failed",
      detail: "The fiscal memory cannot be written or read[ ({kind})].",
      nextAction: "Do not sell. " + callTechnician,
    },
    RECORD_UNKNOWN: {
      title: "Record not known",
      detail: "The log has no such record[: {got}].",
      nextAction: "Ask for a record between the first and the last one.",
    },
    FRAME_UNKNOWN: {
      title: "Frame not known",
      detail: "The register does not wait for an answer to this frame[ ({got})].",
      nextAction: "Ask for the next frame.",
    },
    POWER_WEAK: {
      title: "Power weak",
      detail: "The supply is too weak to write safely.",
      nextAction: "Connect the register to the mains or charge its battery, then repeat with the same key.",
    },
    MEMORY_CORRUPT: {
      title: "Fiscal memory damaged",
      detail: "The fiscal memory does not pass its check[: {got}].",
      nextAction: "Do not sell; save the log (kassa journal export). " + callTechnician,
    },
    VAT_NOT_PAYER: {
      title: "Seller does not pay VAT",
      detail: "VAT is given[ in line {line}], but the seller is not registered for VAT.",
      nextAction: "Sell without VAT (“none”).",
    },
    DEVICE_ABSENT: {
      title: "Register not connected",
      detail: "The fiscal module does not answer[ on {port}][ ({reason})].",
      nextAction: "Check its cable and power. " + repeatWithKey,
    },
    OUTCOME_UNKNOWN: {
      title: "Outcome unknown",
      detail: "The connection to the fiscal module broke while it was working; whether it sold is not known yet.",
      nextAction: repeatWithKey,
    },
    JSON_INVALID: {
      title: "Not JSON",
      detail: "The body is not JSON[ (position {position})][ ({file})].",
      nextAction: "Correct the body.",
    },
    BODY_TOO_LARGE: {
      title: "Body too large",
      detail: "The body is too large[; {expected:size} fit].",
      nextAction: "Send a smaller body.",
    },
    MEDIA_TYPE_UNSUPPORTED: {
      title: "Media type not supported",
      detail: "The body has another media type than expected[: {got}].",
      nextAction: "Send Content-Type: application/json.",
    },
    HOST_NOT_ALLOWED: {
      title: "Host not allowed",
      detail: "The request names a host that this service does not answer for[: {got}].",
      nextAction: "Use the address 127.0.0.1 or localhost with the service's port.",
    },
    ORIGIN_NOT_ALLOWED: {
      title: "Origin not allowed",
      detail: "Pages of this origin may not use the register[: {got}].",
      nextAction: "Name the origin in KASSA_CORS if it is your own.",
    },
    ROUTE_UNKNOWN: {
      title: "No such address",
      detail: "There is nothing at this address[: {path}].",
      nextAction: "See /docs for the addresses.",
    },
    IDEMPOTENCY_KEY_MISSING: {
      title: "Idempotency-Key missing",
      detail: "The request has no Idempotency-Key.",
      nextAction: "Send a key of your own for each receipt, the same one when you repeat it.",
    },
    IDEMPOTENCY_KEY_INVALID: {
      title: "Idempotency-Key wrong",
      detail: "The Idempotency-Key is wrong[; expected: {expected}].",
      nextAction: "Use 1 to 64 printable ASCII characters, for example a UUID.",
    },
    SIGN_IN_NEEDED: {
      title: "Sign-in needed",
      detail: "This call needs an operator.",
      nextAction: "Send operator and PIN (Basic), or a session token.",
    },
    RECEIPT_UNKNOWN: {
      title: "No such receipt",
      detail: "There is no such receipt[: {id}].",
      nextAction: "Check the number, or look it up by its key.",
    },
    PORT_BUSY: {
      title: "Port busy",
      detail: "The port[ {port}] is used by another program.",
      nextAction: "Stop that program or choose another port[: {variable}].",
    },
    USAGE: {
      title: "Wrong usage",
      detail: "The command was not understood[: {got}].",
      nextAction: "See --help.",
    },
    FILE_UNREADABLE: {
      title: "File cannot be read",
      detail: "The file[ {file}] cannot be read[: {reason}].",
      nextAction: "Check its name and its rights.",
    },
    JOURNAL_INVALID: {
      title: "Journal does not verify",
      detail: "The journal does not verify[ at record {record}][: {problem}].",
      nextAction: "Keep the file unchanged and ask the technician to export the log again from the register.",
    },
    METHOD_NOT_ALLOWED: {
      title: "Method not allowed",
      detail: "This address does not take the method[ {got}][; it takes {expected}].",
      nextAction: "Use one of the allowed methods.",
    },
    OFD_MOVED: {
      title: "Operator at another port",
      detail:
        "The register's shift is open and it looks for the operator at another port than the server's[: {expected} instead of {got}].",
      nextAction:
        "Stop the program at that port and start again[ with {variable}={expected}]: a register takes another address only while its shift is closed.",
    },
    NOT_TECHNICIAN: {
      title: "Not for this role",
      detail: "This needs a session of the administrator or the technician.",
      nextAction: "Sign in as administrator or technician.",
    },
  },
};
