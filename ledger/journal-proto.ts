/** The text of `ledger/journal.proto`, carried in the code so that nothing is read at run time. */
export const JOURNAL_PROTO = `\
// The journal on disk. A value of the journal is one Group, followed by the 32 bytes of its chain
// hash: SHA-256(previous_hash of this group, bytes of this group). Records are numbered from 1; the
// record at index i of a group has position first_position + i and time timestamp_us + i.
// Amounts are fen. Fields are only ever added.
syntax = "proto3";
package posp.ledger;

message Group {
  bytes previous_hash = 1;
  uint64 first_position = 2;
  uint64 timestamp_us = 3;
  repeated Record records = 4;
}

message Record {
  // The bytes that the client encoded.
  Entry entry = 1;
  // Index into ENTRY_STATUSES of ledger/types.ts; 0 is applied.
  uint32 status = 2;
  // Which item refused, counted from 1; 0: none in particular.
  uint32 failed_item = 3;
  // YYYYMMDD.
  uint32 business_date = 4;
  // Per transfer of an applied entry nine numbers: the amount moved, then debits pending, debits
  // posted, credits pending, credits posted of the debit account, and the same of the credit account.
  repeated uint64 outcomes = 5;
  // Per tally of an applied entry its amount and its count after the move.
  repeated uint64 tallies = 6;
}

message Entry {
  bytes id = 1;
  string institution = 2;
  repeated Transfer transfers = 3;
  repeated TallyMove tallies = 4;
  repeated Account accounts = 5;
  repeated AccountFreeze freezes = 6;
  repeated RegistryChange registry = 7;
  repeated bytes blocks = 8;
  bytes expired = 9;
  Fact fact = 10;
  bytes wire_hash = 11;
}

message Transfer {
  bytes id = 1;
  bytes debit_account = 2;
  bytes credit_account = 3;
  optional uint64 amount_fen = 4;
  uint32 ledger = 5;
  uint32 code = 6;
  uint32 flags = 7;
  bytes pending_id = 8;
  uint32 timeout_seconds = 9;
}

message TallyMove {
  bytes subject = 1;
  sint64 amount_fen = 2;
  sint64 count = 3;
  optional uint64 limit_fen = 4;
  optional uint64 limit_count = 5;
  bool reset = 6;
  // 0 long, 1 day, 2 batch.
  uint32 until = 7;
}

message Account {
  bytes id = 1;
  uint32 ledger = 2;
  uint32 code = 3;
  uint32 flags = 4;
}

message AccountFreeze {
  bytes account = 1;
  bool debits_frozen = 2;
  bool credits_frozen = 3;
}

message RegistryChange {
  string kind = 1;
  string key = 2;
  // Absent: the item is removed.
  optional bytes body = 3;
  optional uint64 expected_version = 4;
  string why = 5;
  string who = 6;
}

message Fact {
  oneof fact {
    TransactionFact transaction = 1;
    BatchSettled batch_settled = 2;
    BusinessDayClosed business_day_closed = 3;
    SettlementPosted settlement_posted = 4;
    SealMade seal_made = 5;
    ModuleFact module = 6;
  }
}

message TransactionFact {
  string kind = 1;
  string merchant_id = 2;
  string terminal_id = 3;
  string batch_number = 4;
  string trace_number = 5;
  string card_number = 6;
  uint64 amount_fen = 7;
  string currency = 8;
  string response_code = 9;
  string rule = 10;
  uint64 original_position = 11;
  string entry_mode = 12;
  string processing_code = 13;
  string message_type = 14;
  string listener = 15;
  string note = 16;
  map<string, string> extra = 17;
}

message BatchSettled {
  string merchant_id = 1;
  string terminal_id = 2;
  string batch_number = 3;
  uint64 our_debit_count = 4;
  uint64 our_debit_fen = 5;
  uint64 our_credit_count = 6;
  uint64 our_credit_fen = 7;
  uint64 their_debit_count = 8;
  uint64 their_debit_fen = 9;
  uint64 their_credit_count = 10;
  uint64 their_credit_fen = 11;
  string result = 12;
}

message BusinessDayClosed {
  string date = 1;
  string next_date = 2;
}

message SettlementPosted {
  string date = 1;
  string merchant_id = 2;
  sint64 gross_fen = 3;
  sint64 refund_fen = 4;
  sint64 fee_fen = 5;
  sint64 net_fen = 6;
  uint64 count = 7;
  string file_name = 8;
  bytes file_sha256 = 9;
}

message SealMade {
  uint64 position = 1;
  bytes chain_hash = 2;
  bytes statement_sha256 = 3;
  string key_name = 4;
  bytes signature = 5;
}

message ModuleFact {
  string module = 1;
  string kind = 2;
  string key = 3;
  bytes payload = 4;
}

// The bodies of RegistryChange, by kind.

message Institution {
  string id = 1;
  string name_zh = 2;
  string name_en = 3;
  string time_zone = 4;
  string cut_off = 5;
  string opening_date = 6;
  string acquirer_id = 7;
  string issuer_id = 8;
}

message Merchant {
  string id = 1;
  string institution = 2;
  string name_zh = 3;
  string name_en = 4;
  bytes account_id = 5;
  uint32 fee_rate_micros = 6;
  uint64 fee_cap_fen = 7;
  string status = 8;
  string category = 9;
  bool refund_returns_fee = 10;
}

message WorkingKey {
  string purpose = 1;
  string algorithm = 2;
  bytes cryptogram = 3;
  bytes check_value = 4;
  uint32 version = 5;
}

message Terminal {
  string id = 1;
  string merchant_id = 2;
  string institution = 3;
  string status = 4;
  string key_algorithm = 5;
  WorkingKey master_key = 6;
  bool signed_in = 7;
  repeated WorkingKey current_keys = 8;
  repeated WorkingKey previous_keys = 9;
  string batch_number = 10;
  uint64 batch_opened_position = 11;
  string last_settled_batch = 12;
}

message Card {
  string number = 1;
  string institution = 2;
  bytes account_id = 3;
  string expiry = 4;
  string status = 5;
  string product = 6;
  bytes pin_reference = 7;
}

message Key {
  string name = 1;
  string algorithm = 2;
  string purpose = 3;
  uint32 version = 4;
  bytes cryptogram = 5;
  bytes check_value = 6;
  // Of signature keys: whoever checks a signature finds it here.
  string public_key = 7;
}

message ChartAccount {
  uint32 code = 1;
  string name = 2;
}

message Setting {
  string value = 1;
}
`;
