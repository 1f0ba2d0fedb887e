#include "services/query/opening.h"

#include "events/codec.h"
#include "services/seal.h"

namespace geleit {
namespace {

std::optional<std::string> open(const KeyStore& keys, KeyId id, const CaseId& case_id, SealedField field,
                                std::string_view sealed, Looked& looked) {
  if (id.is_nil() || sealed.empty()) return std::nullopt;
  const auto key = keys.find(id);
  auto clear = key ? open_field(*key, case_id, field, sealed) : std::nullopt;
  if (clear && (looked.empty() || looked.back() != case_id)) looked.push_back(case_id);
  return clear;
}

}  // namespace

Opener opener_of(const KeyStore& keys, Looked& looked) {
  Opener opener;
  opener.person = [&keys, &looked](const CaseId& id, const SealedCopy& copy) -> std::optional<PersonData> {
    const auto clear = open(keys, copy.key, id, SealedField::person, copy.bytes, looked);
    return clear ? std::optional(decode_person(*clear)) : std::nullopt;
  };
  opener.search = [&keys](const CaseId& id, const SealedCopy& copy) -> std::optional<PersonData> {
    Looked nobody;
    const auto clear = open(keys, copy.key, id, SealedField::person, copy.bytes, nobody);
    return clear ? std::optional(decode_person(*clear)) : std::nullopt;
  };
  opener.reference = [&keys, &looked](const CaseId& id, const SealedCopy& copy) {
    return open(keys, copy.key, id, SealedField::reference, copy.bytes, looked);
  };
  opener.note = [&keys, &looked](const AlertRow& row) {
    const auto field = row.answer == AlertAnswer::acknowledged ? SealedField::note : SealedField::reason;
    return open(keys, row.note.key, row.case_id, field, row.note.bytes, looked);
  };
  return opener;
}

OpenSealed opener_of(const KeyStore& keys, const Event& event, Looked& looked) {
  return [&keys, &looked, key = event.key, id = event.stream](SealedField field, Sealed sealed) {
    return open(keys, key, id, field, sealed.bytes, looked);
  };
}

}  // namespace geleit
