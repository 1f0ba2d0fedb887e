#include <cstring>

#include "events/codec.h"
#include "events/record_group.h"
#include "projections/evolve.h"
#include "projections/projector.h"
#include "projections/read_models.h"
#include "projections/row_codec.h"
#include "projections/rules/rule_set.h"
#include "services/event_json.h"
#include "tests/fuzz/targets.h"

namespace geleit::fuzz {
namespace {

void take_event(std::string_view record) {
  const auto link = link_of(record);
  Event event;
  try {
    decode(record, event);
  } catch (const BadRecord&) { return; }
  require(link.has_value(), "a record was decoded that the chain cannot read");
  require(link->id == event.id && link->stream == event.stream && link->version == event.version &&
              link->previous == event.previous,
          "the chain and the codec read different things");
  const std::string bytes = encode(event);
  require(decode(bytes) == event, "an event was decoded as another one");
  require(encode(decode(bytes)) == bytes, "an event was encoded again as other bytes");
  std::string json;
  append_event_data(json, event, [](SealedField, const Sealed&) { return std::nullopt; });
  if (event.version != Version{1} || !event.previous.is_zero()) return;
  Case folded;
  try {
    evolve(folded, event, link->hash);
  } catch (const FoldFailed&) { return; }
  const std::string stored = encode_case(folded);
  require(decode_case(stored) == folded, "a case was decoded as another one");
}

void take_group(std::string_view value) {
  try {
    GroupCursor group(value);
    std::uint32_t records = 0;
    while (group.next()) {
      ++records;
      const std::string_view bytes = group.bytes();
      require(bytes.empty() || (bytes.data() >= value.data() &&
                                bytes.data() + bytes.size() <= value.data() + value.size()),
              "a record lies outside its group");
    }
    require(records == group.count(), "a group has another number of records than it says");
  } catch (const LogCorrupt&) {}
}

void take_stored_case(std::string_view bytes) {
  try {
    const StoredCase stored = decode_stored_case(bytes);
    const std::string again = encode_stored_case(stored);
    require(decode_stored_case(again) == stored, "a stored case was decoded as another one");
  } catch (const StoreFailed&) {
  } catch (const BadRow&) {}
}

template <class Row>
void take_row(std::string_view bytes) {
  // The key's length stands before it.
  if (bytes.empty()) return;
  const std::size_t octets =
      std::min<std::size_t>(static_cast<unsigned char>(bytes.front()), bytes.size() - 1);
  const std::string_view key = bytes.substr(1, octets);
  const std::string_view value = bytes.substr(1 + octets);
  Row row;
  try {
    decode(key, value, row);
  } catch (const BadRow&) { return; }
  const std::string again = encode(row);
  Row second;
  decode(key, again, second);
  require(second == row, "a row was decoded as another one");
}

void take_clear_text(std::string_view bytes) {
  try {
    const PersonData person = decode_person(bytes);
    require(decode_person(encode_person(person)) == person, "a person was decoded as another one");
  } catch (const BadRecord&) {}
  try {
    const auto texts = decode_texts(bytes);
    require(decode_texts(encode_texts(texts)) == texts, "texts were decoded as others");
  } catch (const BadRecord&) {}
}

}  // namespace

void take_record(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto chosen = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  // Records lie on a multiple of 8, wherever the fuzzer has put its bytes; and end where a tool sees it.
  const std::size_t words = (bytes.size() + 7) / 8;
  const auto aligned = std::make_unique<std::uint64_t[]>(words);
  if (!bytes.empty()) std::memcpy(aligned.get(), bytes.data(), bytes.size());
  const std::string_view record(reinterpret_cast<const char*>(aligned.get()), bytes.size());
  switch (chosen % 11) {
    case 0: return take_event(record);
    case 1: return take_group(record);
    case 2: return take_stored_case(record);
    case 3: return take_clear_text(record);
    case 4: return take_row<CaseRow>(record);
    case 5: return take_row<PersonRow>(record);
    case 6: return take_row<DeadlineRow>(record);
    case 7: return take_row<OverdueStartRow>(record);
    case 8: return take_row<UnitBalanceRow>(record);
    case 9: return take_row<TaskRow>(record);
    case 10: return take_row<VisitRow>(record);
  }
}

}  // namespace geleit::fuzz
